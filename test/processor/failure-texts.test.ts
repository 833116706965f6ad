/** What a failure says in the log and in its message, to somebody who sees nothing else of it. */
import { expect, it } from 'vitest';
import { deadLetter, type ErrorPolicy } from '../../src/processor/error-policy.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TaskHarness } from './task-harness.js';

/** Reads JSON where there is none. */
function logged(onDeserializeError: ErrorPolicy): [line: string, message: string][] {
  const lines: [string, string][] = [];
  const note = (line: string, error?: Error) => lines.push([line, error?.message ?? '']);
  const topology = new Topology().addSource('source', 'in', {
    key: Serdes.string(),
    value: Serdes.json(),
  });
  const logger = { debug: note, info: note, warn: note, error: note };
  const harness = new TaskHarness(topology, { onDeserializeError, logger });
  harness.add('in', { key: 'k', value: 'garbage', timestamp: 1 });
  harness.run();
  return lines;
}

it('a dropped record and a dead letter are told apart in the log', () => {
  expect(logged('continue').map(([line]) => line)).toEqual([
    'A record was dropped by the error policy.',
  ]);
  expect(logged(deadLetter('dead')).map(([line]) => line)).toEqual([
    "A record was sent to the dead letter topic 'dead'.",
  ]);
});

it('reason and advice are two sentences', () => {
  const [[, message] = []] = logged('continue');
  expect(message).toMatch(/[^.]\. Give the source the serde its topic was written with/);
});

it('a store asked for without a name is not looked for', () => {
  const topology = new Topology()
    .addSource('source', 'in')
    .addProcessor('p', (context) => context.getStateStore(undefined as never) as never, 'source');
  expect(() => new TaskHarness(topology)).toThrow(
    'failed to initialize processor p: getStateStore(): the store must be a builder, as Stores makes them, but is undefined.',
  );
});
