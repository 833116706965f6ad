/**
 * Random graphs, random records: with async user functions the committed output is the same, record for record, as
 * with plain ones, and so are dropped records, dead letters and errors. The oracle is the same graph without promises.
 * Functions are async always or only for some calls, and promises settle after different numbers of turns of the
 * event loop, so that a wrong order would show. `FC_SEED` repeats a run; a failing one prints its seed.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { StreamsError } from '../../src/errors.js';
import type { Topology } from '../../src/processor/topology.js';
import { TopologyTestDriver, type TopologyTestDriverOptions } from '../../src/testing.js';
import {
  CHAIN,
  codeSum,
  inputs,
  steps,
  STEPS,
  text,
  type Answer,
  type Drawn,
  type Input,
} from './random-topology.js';

/** How the functions of a step that answers in an own way for one in `every` calls answer. */
type Answering = (every: number) => Answer;

const plain: Answering = () => (result) => result;

const asynchronous: Answering = (every) => (result, about) => {
  const number = codeSum(about);
  return number % every === 0 ? settleAfter(number % 5, () => result) : result;
};

/** Fails for some calls, the same ones in both ways. */
const FAILING = 7;
const failing: Answering = (every) => (result, about) => {
  if (codeSum(about) % (FAILING + every) === 0) throw new Error(`no ${about}`);
  return result;
};
const failingLater: Answering = (every) => (result, about) => {
  const number = codeSum(about);
  if (number % (FAILING + every) !== 0) return asynchronous(every)(result, about);
  return settleAfter(number % 5, () => {
    throw new Error(`no ${about}`);
  });
};

async function settleAfter<T>(turns: number, result: () => T): Promise<T> {
  if (turns === 4) await new Promise((resolve) => setImmediate(resolve));
  else for (let turn = 0; turn < turns; turn++) await undefined;
  return result();
}

interface Outcome {
  readonly records: unknown;
  readonly dropped: unknown;
  readonly dead: unknown;
  readonly error: string | undefined;
}

function topologyOf(graph: readonly Drawn[], answering: Answering): Topology {
  const builder = new StreamsBuilder(text);
  let stream = builder.stream('in');
  for (const [id, { name, every }] of graph.entries())
    stream = STEPS[name]!(stream, answering(every), id);
  stream.to('out');
  return builder.build();
}

/**
 * Where the key changes again behind a hop, records of several tasks meet at the next hop or in the output, and how fast
 * each of these tasks gets on decides their order: there is none to compare with. One grouping more shows such a change
 * as one hop more.
 */
const hasOneOrder = (graph: readonly Drawn[]): boolean =>
  topologyOf([...graph, { name: 'hopping', every: 1 }], plain).subtopologies().length <= 2;

async function run(
  graph: readonly Drawn[],
  rows: readonly Input[],
  answering: Answering,
  options: TopologyTestDriverOptions,
): Promise<Outcome> {
  await using driver = new TopologyTestDriver(topologyOf(graph, answering), options);
  const input = driver.createInputTopic('in', text);
  let error: string | undefined;
  for (const row of rows) {
    try {
      await input.pipe(row);
    } catch (failure) {
      if (!(failure instanceof StreamsError)) throw failure;
      error = failure.message;
      break;
    }
  }
  return {
    records: driver.createOutputTopic('out', text).readRecords(),
    dropped: driver.readDropped(),
    // Their stacks differ.
    dead: driver
      .deadLetters('dead')
      .map(({ value, message, topic, partition, offset }) =>
        [Buffer.from(value ?? []), message, topic, partition, offset].join(' '),
      ),
    error,
  };
}

const seed = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
const caches = fc.constantFrom(0, 1 << 20);

/** What a flushed cache forwards waits: the next store is flushed when that is done. */
const FLUSHED_IN_ORDER: [Drawn[], Input[], number] = [
  [
    { name: 'cogroup', every: 1 },
    { name: 'cogroup', every: 2 },
  ],
  [0, 0].map((timestamp) => ({ key: 'x', value: 'a', timestamp })),
  1 << 20,
];

test('async functions change neither the records nor their order', async () => {
  const property = fc.asyncProperty(
    steps(Object.keys(STEPS)),
    inputs,
    caches,
    async (graph, rows, statestoreCacheMaxBytes) => {
      const expected = await run(graph, rows, plain, { statestoreCacheMaxBytes });
      expect(await run(graph, rows, asynchronous, { statestoreCacheMaxBytes })).toEqual(expected);
    },
  );
  await fc.assert(property, { numRuns: 200, examples: [FLUSHED_IN_ORDER], ...seed });
}, 60_000);

test('nor what an application of several tasks and partitions has committed', async () => {
  const property = fc.asyncProperty(
    steps(CHAIN).filter(hasOneOrder),
    inputs,
    async (graph, rows) => {
      const options = { partitions: 2, statestoreCacheMaxBytes: 0 };
      const expected = await run(graph, rows, plain, options);
      expect(await run(graph, rows, asynchronous, options)).toEqual(expected);
    },
  );
  await fc.assert(property, { numRuns: 40, ...seed });
}, 60_000);

test.each(['fail', 'continue', { deadLetter: 'dead' }] as const)(
  'a rejection is a throw at that node, with the policy %j',
  async (process) => {
    let failures = 0;
    const property = fc.asyncProperty(steps(Object.keys(STEPS)), inputs, async (graph, rows) => {
      const options = { errors: { process }, statestoreCacheMaxBytes: 0 };
      const expected = await run(graph, rows, failing, options);
      if (expected.error !== undefined || (expected.dropped as unknown[]).length > 0) failures++;
      expect(await run(graph, rows, failingLater, options)).toEqual(expected);
    });
    await fc.assert(property, { numRuns: 100, ...seed });
    expect(failures).toBeGreaterThan(10);
  },
  60_000,
);
