/** `millrace topology FILE.js`: what a module's exported `topology` looks like, in Kafka's text, as JSON or as a picture. */
import { StreamsError } from '../errors.js';
import { Topology } from '../processor/topology.js';
import { defineCommand, JSON_OPTION } from './command.js';
import type { CommandIo } from './command-io.js';
import { describedAs, type Description } from './describe-topology.js';

export const topology = defineCommand({
  words: ['topology'],
  summary: 'print the topology that a module exports',
  notes: ['The module exports it as `topology` or as its default, and starts nothing.'],
  args: [{ name: 'file', summary: 'a JavaScript module' }],
  options: {
    mermaid: { kind: 'flag', summary: 'print a flowchart in the language of Mermaid' },
    dot: { kind: 'flag', summary: 'print a graph in DOT, for Graphviz' },
    ...JSON_OPTION,
  },
  json: '{ subtopologies, repartitionTopics, stores }, as Topology.describe() returns it',
  async run({ args, options }, io) {
    const description = topologyOf(await moduleOf(args.file, io), args.file).describe();
    await io.out.write(describedAs(description, options));
    return 0;
  },
});

async function moduleOf(file: string, io: CommandIo): Promise<unknown> {
  try {
    return await io.importModule(file);
  } catch (cause) {
    // A StreamsError comes from building the topology: it says all there is to say.
    if (cause instanceof StreamsError) throw cause;
    throw new StreamsError('INVALID_ARGUMENT', `${file} cannot be loaded: ${reason(cause)}`, {
      file,
      cause,
    });
  }
}

/** What was thrown and the place in the user's files; no stack trace. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const [message = ''] = cause.message.split(' imported from ', 1);
  if ((cause as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return `${cause.name}: ${message}. Give a JavaScript module (.js or .mjs), compiled from TypeScript if need be.`;
  const [place] = /file:\/\/[^\s)]+/.exec(cause.stack ?? '') ?? [];
  const missing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
  return missing || place === undefined
    ? `${cause.name}: ${message}`
    : `${cause.name}: ${message} (${place})`;
}

interface Describable {
  describe(): Description;
}

/** By shape, not by class: the module may use another copy of the library. */
function topologyOf(exported: unknown, file: string): Describable {
  const module = exported as { topology?: unknown; default?: unknown } | undefined;
  for (const candidate of [module?.topology, module?.default]) {
    if (candidate instanceof Topology || isDescribable(candidate)) return candidate;
  }
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${file} exports no topology. Export one: export const topology = builder.build();`,
    { file },
  );
}

function isDescribable(value: unknown): value is Describable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { describe?: unknown }).describe === 'function'
  );
}
