/** `millrace topology FILE.js`: what a module's exported `topology` looks like, in Kafka's text or as JSON. */
import { StreamsError } from '../errors.js';
import { Topology } from '../processor/topology.js';
import { type Command, onlyArgument, parsed } from './command.js';

export const describeTopology: Command = {
  name: 'topology',
  summary: 'print the topology that a module exports',
  usage: 'millrace topology FILE.js [--json]',
  async run(args, io) {
    const { values, positionals } = parsed(args, { json: { type: 'boolean', default: false } });
    const file = onlyArgument('the file', positionals);
    const exported = await io.importModule(file);
    const description = topologyOf(exported, file).describe();
    io.out(values.json ? `${JSON.stringify(description, undefined, 2)}\n` : description.toString());
    return 0;
  },
};

interface Describable {
  describe(): { toString(): string };
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
