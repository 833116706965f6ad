/**
 * Runs one conformance case through `TopologyTestDriver` and compares what it does with what the case expects:
 * `describe()` text, branch keys, output after every input, stores and dropped records at the end, errors by phase,
 * step and class. Every difference is reported, not only the first; nothing a case does makes the runner throw.
 */
import { StreamsError } from '../../src/errors.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver } from '../../src/testing.js';
import type { ProducedRecord, TestInputTopic } from '../../src/testing.js';
import { buildCase } from './build-case.js';
import type { BuiltCase } from './build-case.js';
import type { ConformanceCase, Header, Input, OutputRow, RecordInput } from './case.js';
import { storeRows } from './store-rows.js';
import { call, callAsynchronously, UnsupportedOperation } from './unsupported.js';

export interface Difference {
  /** `describe`, `step 3`, `store counts`, `error`, ... */
  readonly where: string;
  readonly expected: string;
  readonly actual: string;
}

export interface CaseResult {
  readonly name: string;
  readonly family: string;
  readonly differences: readonly Difference[];
  /** Set when the case needs an operator that does not exist yet. */
  readonly unsupported: string | undefined;
}

interface Failure {
  readonly phase: 'dsl' | 'build' | 'run';
  readonly step: number | undefined;
  readonly error: unknown;
}

const APPLICATION_ID = 'app';
const INTERNAL_TOPIC = /^app-.*-(repartition|changelog|topic)$/;
const KAFKA_CLASSES: ReadonlyMap<string, (error: StreamsError) => boolean> = new Map([
  ['TopologyException', (error: StreamsError) => error.name === 'TopologyException'],
  [
    'SerializationException',
    (error: StreamsError) =>
      error.code === 'SERIALIZE_FAILED' || error.code === 'DESERIALIZE_FAILED',
  ],
]);

export interface RunCaseOptions {
  /** User functions of the DSL return promises; what is expected is the same. */
  readonly asynchronous?: boolean;
  /** Through the whole application, one partition per topic, instead of Kafka's one-task driver. */
  readonly application?: boolean;
  /** With `application`: restart it after every so many inputs, so that all state comes from changelogs and committed offsets. */
  readonly restartEvery?: number;
}

export async function runCase(
  testCase: ConformanceCase,
  options: RunCaseOptions = {},
): Promise<CaseResult> {
  const run = new CaseRun(testCase, options);
  try {
    await run.all();
  } catch (error) {
    run.differences.push({ where: 'runner', expected: 'no error', actual: errorText(error) });
  }
  return {
    name: testCase.name,
    family: testCase.family,
    differences: run.differences,
    unsupported: run.unsupported,
  };
}

class CaseRun {
  readonly differences: Difference[] = [];
  unsupported: string | undefined;
  readonly #case: ConformanceCase;
  readonly #call: typeof call;
  readonly #application: boolean;
  readonly #restartEvery: number;
  readonly #inputs = new Map<string, TestInputTopic<string, string>>();

  constructor(testCase: ConformanceCase, options: RunCaseOptions) {
    this.#case = testCase;
    this.#call = options.asynchronous === true ? callAsynchronously : call;
    this.#application = options.application === true;
    this.#restartEvery = options.restartEvery ?? 0;
  }

  async all(): Promise<void> {
    const outcome = buildCase(this.#case, this.#call);
    if (!('built' in outcome))
      return this.#failed({ phase: outcome.phase, step: undefined, error: outcome.error });
    this.#checkBuilt(outcome.built);
    const driver = this.#start(outcome.built);
    if (driver === undefined) return;
    try {
      await this.#feed(driver);
    } finally {
      await driver.close();
    }
  }

  #checkBuilt(built: BuiltCase): void {
    const { describe, branchKeys } = this.#case.expect;
    if (describe !== undefined) this.#compare('describe', describe, built.describe);
    if (branchKeys !== undefined)
      this.#compare('branch keys', canonical(branchKeys), canonical(built.branchKeys));
  }

  #start(built: BuiltCase): TopologyTestDriver | undefined {
    const { config } = this.#case;
    const cacheBytes = Number(config['statestore.cache.max.bytes'] ?? 0);
    const errors =
      config['processing.exception.handler'] === 'continue' ? { process: 'continue' as const } : {};
    try {
      return new TopologyTestDriver(built.topology, {
        startAt: 0,
        ...(this.#application ? { partitions: 1 } : {}),
        applicationId: APPLICATION_ID,
        statestoreCacheMaxBytes: cacheBytes,
        errors,
      });
    } catch (error) {
      this.#failed({ phase: 'run', step: -1, error });
      return undefined;
    }
  }

  async #feed(driver: TopologyTestDriver): Promise<void> {
    const { inputs, expect } = this.#case;
    for (const [step, input] of inputs.entries()) {
      try {
        await this.#pipe(driver, input);
      } catch (error) {
        this.#failed({ phase: 'run', step, error });
        return this.#checkDropped(driver);
      }
      this.#checkStep(step, driver.readProduced());
      if (this.#restartEvery > 0 && step % this.#restartEvery === 0) await driver.restart();
    }
    if (expect.error !== undefined) return this.#failed(undefined);
    await this.#checkStores(driver);
    this.#checkDropped(driver);
  }

  /** Not expected where the driver could not start; a restart reads global tables again and counts again. */
  #checkDropped(driver: TopologyTestDriver): void {
    const { droppedRecords } = this.#case.expect;
    if (droppedRecords !== undefined && this.#restartEvery === 0)
      this.#compare('dropped records', String(droppedRecords), String(driver.droppedRecords));
  }

  async #pipe(driver: TopologyTestDriver, input: Input): Promise<void> {
    if (input[0] === 'wall' && input.length === 2) return driver.advanceWallClock(input[1]);
    // What is not a clock step is a record.
    const [topic, key, value, timestamp, headers] = input as RecordInput;
    let target = this.#inputs.get(topic);
    if (target === undefined) {
      target = driver.createInputTopic(topic, { key: Serdes.string(), value: Serdes.string() });
      this.#inputs.set(topic, target);
    }
    await target.pipe({ key, value, timestamp, headers: (headers ?? []).map(recordHeader) });
  }

  #checkStep(step: number, produced: readonly ProducedRecord[]): void {
    const rows = produced
      .filter((record) => !INTERNAL_TOPIC.test(record.topic))
      .map((record) => this.#row(record));
    const expected = this.#case.expect.steps?.[step] ?? [];
    const arrange =
      this.#case.order === 'perTopic' || this.#application
        ? perTopic
        : (list: readonly OutputRow[]) => list;
    this.#compare(
      `step ${step} ${JSON.stringify(this.#case.inputs[step])}`,
      rowsText(arrange(expected)),
      rowsText(arrange(rows)),
    );
  }

  #row(record: ProducedRecord): OutputRow {
    const key = utf8(record.key);
    const value = utf8(record.value);
    if (this.#case.headers !== true) return [record.topic, key, value, record.timestamp];
    const headers = record.headers.map((header): Header => [header.key, utf8(header.value)]);
    return [record.topic, key, value, record.timestamp, headers];
  }

  async #checkStores(driver: TopologyTestDriver): Promise<void> {
    for (const [name, expected] of Object.entries(this.#case.expect.stores ?? {})) {
      let actual: string;
      try {
        const type = this.#application && expected.type === 'timestampedKv' ? 'kv' : expected.type;
        actual = rowsText(await storeRows(driver, name, type, this.#case.inputs));
      } catch (error) {
        actual = errorText(error);
      }
      // An application is queried without timestamps.
      const timestamped = expected.type === 'timestampedKv';
      const rows =
        this.#application && timestamped
          ? expected.rows.map((row) => row.slice(0, 2))
          : expected.rows;
      this.#compare(`store ${name}`, rowsText(rows), actual);
    }
  }

  /** Compares the failure that happened (or that none did) with the one that was expected. */
  #failed(failure: Failure | undefined): void {
    if (failure?.error instanceof UnsupportedOperation) this.unsupported = failure.error.message;
    const expected = this.#case.expect.error;
    const expectedText =
      expected === undefined
        ? 'no error'
        : `${expected.phase} ${expected.step ?? ''} ${expected.class}: ${expected.message}`;
    const actualText =
      failure === undefined
        ? 'no error'
        : `${failure.phase} ${failure.step ?? ''} ${errorText(failure.error)}`;
    if (expected === undefined || failure === undefined) {
      this.differences.push({ where: 'error', expected: expectedText, actual: actualText });
      return;
    }
    const phase = failure.phase === 'run' ? expected.phase === 'run' : expected.phase !== 'run';
    // An application makes its processors with the first input.
    const step =
      failure.step === expected.step ||
      (this.#application && failure.step === 0 && expected.step === -1);
    const kind =
      failure.error instanceof StreamsError &&
      (KAFKA_CLASSES.get(expected.class)?.(failure.error) ?? true);
    if (!phase || !step || !kind)
      this.differences.push({ where: 'error', expected: expectedText, actual: actualText });
  }

  #compare(where: string, expected: string, actual: string): void {
    if (expected !== actual) this.differences.push({ where, expected, actual });
  }
}

const recordHeader = ([key, value]: Header) => ({
  key,
  value: value === null ? null : new Uint8Array(Buffer.from(value, 'utf8')),
});

const utf8 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('utf8');

const rowsText = (rows: readonly unknown[]): string =>
  rows.length === 0 ? '(none)' : rows.map((row) => JSON.stringify(row)).join('\n');

/** Only the sequence within a topic counts. */
function perTopic(rows: readonly OutputRow[]): readonly OutputRow[] {
  return rows.toSorted((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0));
}

function canonical(branchKeys: Readonly<Record<string, readonly string[]>>): string {
  return JSON.stringify(
    Object.entries(branchKeys).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  );
}

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = error instanceof StreamsError ? ` ${error.code}` : '';
  const cause = error.cause === undefined ? '' : ` <- ${errorText(error.cause)}`;
  const place =
    error instanceof StreamsError
      ? ''
      : `\n${(error.stack ?? '').split('\n').slice(1, 4).join('\n')}`;
  return `${error.name}${code}: ${error.message}${place}${cause}`;
}
