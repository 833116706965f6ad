/** The first thing handed to an application or a test driver is a topology: a builder in its place is the commonest slip. */
import { StreamsError } from '../errors.js';

/** `call` is what was given the topology. By shape, not by class: another copy of the library may have built it. */
export function requireTopology(topology: unknown, call: string): void {
  const given = topology as { readonly subtopologies?: unknown; readonly build?: unknown } | null; // looked at, not trusted
  if (typeof given?.subtopologies === 'function') return;
  const hint =
    typeof given?.build === 'function'
      ? `This is a builder: give what it builds, new ${call}(builder.build(), { ... }).`
      : "Give what StreamsBuilder's build() returns, or a Topology made by hand.";
  throw new StreamsError('INVALID_ARGUMENT', `${call}: the first argument is no topology. ${hint}`);
}
