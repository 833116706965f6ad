/**
 * Runs the graph of a case on its inputs and writes down what happens: `describe()`, branch keys, the output of every
 * input, stores and dropped records at the end, or the error that ended it. It judges nothing. The same case can be
 * run in several ways, each of which must come to the same.
 */
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver } from '../../src/testing.js';
import type { ProducedRecord, TestInputTopic } from '../../src/testing.js';
import { callAsynchronously, supplyAsynchronously } from './asynchronous.js';
import { buildCase } from './build-case.js';
import type { ConformanceCase, Header, Input, OutputRow, RecordInput } from './case.js';
import { storeRows } from './store-rows.js';
import { call } from './unsupported.js';

export interface RunOptions {
  /** User functions and processors return promises. */
  readonly asynchronous?: boolean;
  /** Through the whole application with so many partitions per topic, instead of Kafka's one-task driver. */
  readonly partitions?: number;
  /** With `partitions`: what happens after every input. */
  readonly interruption?: 'restart' | 'crash' | 'reassign';
  /** With `interruption`: only after every so many inputs. */
  readonly every?: number;
  /** One commit for the whole case, instead of one for every record. */
  readonly oneCommit?: boolean;
}

export interface Failure {
  readonly phase: 'dsl' | 'build' | 'run';
  /** Of a failing input; -1 for the start. */
  readonly step: number | undefined;
  readonly error: unknown;
}

export type StoreRows = readonly (readonly (string | number | null)[])[];

export interface Observation {
  readonly describe: string | undefined;
  readonly branchKeys: Readonly<Record<string, readonly string[]>> | undefined;
  /** Output of every input that did not fail. */
  readonly steps: readonly (readonly OutputRow[])[];
  /** By name; an error where a store could not be read. Only when nothing failed. */
  readonly stores: ReadonlyMap<string, StoreRows | Error>;
  /** Undefined when the driver did not start. */
  readonly droppedRecords: number | undefined;
  readonly failure: Failure | undefined;
}

const APPLICATION_ID = 'app';
const INTERNAL_TOPIC = /^app-.*-(repartition|changelog|topic)$/;
const STRINGS = { key: Serdes.string(), value: Serdes.string() };

export async function observe(
  testCase: ConformanceCase,
  options: RunOptions,
): Promise<Observation> {
  const seen: Mutable = { steps: [], stores: new Map(), describe: undefined };
  const asynchronous = options.asynchronous === true;
  const outcome = buildCase(
    testCase,
    asynchronous ? callAsynchronously : call,
    asynchronous ? supplyAsynchronously : undefined,
  );
  if (!('built' in outcome))
    return result(seen, { phase: outcome.phase, step: undefined, error: outcome.error });
  seen.describe = outcome.built.describe;
  seen.branchKeys = outcome.built.branchKeys;
  let driver: TopologyTestDriver;
  try {
    driver = new TopologyTestDriver(outcome.built.topology, driverOptions(testCase, options));
  } catch (error) {
    return result(seen, { phase: 'run', step: -1, error });
  }
  try {
    for (const topic of outputTopics(testCase)) driver.createOutputTopic(topic);
    const failure = await feed(driver, testCase, options, seen.steps);
    seen.droppedRecords = driver.droppedRecords;
    if (failure === undefined) await readStores(driver, testCase, options, seen.stores);
    return result(seen, failure);
  } finally {
    await driver.close();
  }
}

interface Mutable {
  describe: string | undefined;
  branchKeys?: Observation['branchKeys'];
  readonly steps: OutputRow[][];
  readonly stores: Map<string, StoreRows | Error>;
  droppedRecords?: number;
}

const result = (seen: Mutable, failure: Failure | undefined): Observation => ({
  describe: seen.describe,
  branchKeys: seen.branchKeys,
  steps: seen.steps,
  stores: seen.stores,
  droppedRecords: seen.droppedRecords,
  failure,
});

function driverOptions({ config }: ConformanceCase, { partitions, oneCommit }: RunOptions) {
  const continues = config['processing.exception.handler'] === 'continue';
  return {
    startAt: 0,
    ...(partitions === undefined ? {} : { partitions }),
    ...(oneCommit === true ? { commits: 'byHand' as const } : {}),
    applicationId: APPLICATION_ID,
    statestoreCacheMaxBytes: Number(config['statestore.cache.max.bytes'] ?? 0),
    errors: continues ? { process: 'continue' as const } : {},
  };
}

/** Those that the case writes. */
const outputTopics = ({ expect }: ConformanceCase): ReadonlySet<string> =>
  new Set((expect.steps ?? []).flatMap((rows) => rows.map(([topic]) => topic)));

/** Feeds all inputs; returns the failure that ended it. */
async function feed(
  driver: TopologyTestDriver,
  testCase: ConformanceCase,
  { interruption, every = 1, oneCommit }: RunOptions,
  steps: OutputRow[][],
): Promise<Failure | undefined> {
  const topics = new Map<string, TestInputTopic<string, string>>();
  for (const [step, input] of testCase.inputs.entries()) {
    try {
      await pipe(driver, topics, input);
      steps.push(outputRows(driver.readProduced(), testCase.headers === true));
      if (interruption !== undefined && step % every === 0) await driver[interruption]();
    } catch (error) {
      return { phase: 'run', step, error };
    }
  }
  if (oneCommit === true) {
    await driver.commit();
    steps.at(-1)?.push(...outputRows(driver.readProduced(), testCase.headers === true));
  }
  return undefined;
}

async function pipe(
  driver: TopologyTestDriver,
  topics: Map<string, TestInputTopic<string, string>>,
  input: Input,
): Promise<void> {
  if (input[0] === 'wall' && input.length === 2) return driver.advanceWallClock(input[1]);
  // What is not a clock step is a record.
  const [topic, key, value, timestamp, headers] = input as RecordInput;
  let target = topics.get(topic);
  if (target === undefined) {
    target = driver.createInputTopic(topic, STRINGS);
    topics.set(topic, target);
  }
  await target.pipe({ key, value, timestamp, headers: (headers ?? []).map(recordHeader) });
}

async function readStores(
  driver: TopologyTestDriver,
  { expect, inputs }: ConformanceCase,
  { partitions }: RunOptions,
  stores: Map<string, StoreRows | Error>,
): Promise<void> {
  for (const [name, { type }] of Object.entries(expect.stores ?? {})) {
    try {
      stores.set(name, await storeRows(driver, name, type, inputs, partitions !== undefined));
    } catch (error) {
      stores.set(name, error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** Records of sink topics, in production order. */
function outputRows(produced: readonly ProducedRecord[], headers: boolean): OutputRow[] {
  return produced
    .filter(({ topic }) => !INTERNAL_TOPIC.test(topic))
    .map((record) => {
      const [key, value] = [utf8(record.key), utf8(record.value)];
      if (!headers) return [record.topic, key, value, record.timestamp];
      const list = record.headers.map((header): Header => [header.key, utf8(header.value)]);
      return [record.topic, key, value, record.timestamp, list];
    });
}

const recordHeader = ([key, value]: Header) => ({
  key,
  value: value === null ? null : new Uint8Array(Buffer.from(value, 'utf8')),
});

const utf8 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('utf8');
