/** The forms in which `millrace topology` prints a topology: Kafka's text, JSON, Mermaid, DOT. */
import { StreamsError } from '../errors.js';
import type { TopologyDescription } from '../processor/topology-description.js';

/** What every copy of the library can print of its topologies, and what only newer ones can. */
export type Description = { toString(): string } & Partial<
  Pick<TopologyDescription, 'toMermaid' | 'toDot'>
>;

export interface Forms {
  readonly mermaid: boolean;
  readonly dot: boolean;
  readonly json: boolean;
}

/** Throws `INVALID_ARGUMENT` when more than one form is asked for, or one that the module's library does not have. */
export function describedAs(description: Description, forms: Forms): string {
  const asked = (['mermaid', 'dot', 'json'] as const).filter((form) => forms[form]);
  if (asked.length > 1) {
    const both = asked.map((form) => `--${form}`).join(' and ');
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${both} are two forms of one thing. Give one of them.`,
    );
  }
  const text = textAs(description, asked[0]);
  if (text !== undefined) return text;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `The topology is of another version of millrace, which cannot print --${asked[0]}. Use one version for the module and the command.`,
  );
}

function textAs(description: Description, form: keyof Forms | undefined): string | undefined {
  switch (form) {
    case 'mermaid':
      return description.toMermaid?.();
    case 'dot':
      return description.toDot?.();
    case 'json':
      return `${JSON.stringify(description, undefined, 2)}\n`;
    case undefined:
      return description.toString();
  }
}
