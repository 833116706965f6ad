/** One real task by hand: batches in, captured records out, a clock that stands still until it is told. */
import { RecordBatchBuilder } from '../../src/log/record-batch.js';
import type { FetchedRecords, RecordHeader } from '../../src/log/client.js';
import { EncodingCollector } from '../../src/processor/encoding-collector.js';
import { StreamTask, type StreamTaskOptions } from '../../src/processor/stream-task.js';
import { DEFAULT_TASK_CONFIG, type TaskConfig } from '../../src/processor/task-config.js';
import type { Topology } from '../../src/processor/topology.js';
import type { StateStore } from '../../src/state/store.js';

export class ManualClock {
  time = 0;
  now(): number {
    return this.time;
  }
  monotonic(): number {
    return this.time;
  }
}

export interface Captured {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
  readonly headers: readonly RecordHeader[];
}

const text = (bytes: Uint8Array | null, start: number, end: number): string | null =>
  bytes === null ? null : Buffer.from(bytes.subarray(start, end)).toString();

/** A collector that keeps what it was given, as text. */
export function capturing(records: Captured[], partitions = 1): EncodingCollector {
  return new EncodingCollector((topic) => ({
    partitions,
    append(partition, timestamp, key, keyStart, keyEnd, value, valueStart, valueEnd, headers) {
      records.push({
        topic,
        partition,
        key: text(key, keyStart, keyEnd),
        value: text(value, valueStart, valueEnd),
        timestamp,
        headers,
      });
    },
  }));
}

export interface Input {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
  readonly headers?: readonly RecordHeader[];
}

const bytesOf = (value: string | null): Buffer | null =>
  value === null ? null : Buffer.from(value);

/** One batch with the records at offsets from `offset` on. */
export function fetched(
  topic: string,
  offset: number,
  inputs: readonly Input[],
  endOffset = offset + inputs.length,
): FetchedRecords {
  const batches = [];
  if (inputs.length > 0) {
    const builder = new RecordBatchBuilder();
    for (const { key, value, timestamp, headers } of inputs) {
      const keyBytes = bytesOf(key);
      const valueBytes = bytesOf(value);
      builder.append(
        timestamp,
        keyBytes,
        0,
        keyBytes?.length ?? 0,
        valueBytes,
        0,
        valueBytes?.length ?? 0,
        headers,
      );
    }
    const bytes = builder.seal();
    bytes.writeBigInt64BE(BigInt(offset), 0);
    batches.push({ bytes, start: 0, end: bytes.length });
  }
  return {
    topic,
    partition: 0,
    batches,
    firstOffset: offset,
    nextOffset: offset + inputs.length,
    endOffset,
  };
}

export class TaskHarness {
  readonly clock = new ManualClock();
  /** Records on sink topics. */
  readonly output: Captured[] = [];
  readonly task: StreamTask;
  ready = 0;
  readonly #offsets = new Map<string, number>();

  constructor(
    topology: Topology,
    config: Partial<TaskConfig> = {},
    globalStores: ReadonlyMap<string, StateStore> = new Map(),
    options: Partial<StreamTaskOptions> = {},
  ) {
    this.task = new StreamTask({
      id: '0_0',
      partition: 0,
      applicationId: 'app',
      subtopologies: topology.subtopologies().filter(({ global }) => !global),
      topicName: (name) => name,
      changelogTopic: ({ builder }) =>
        builder.loggingEnabled ? `app-${builder.name}-changelog` : undefined,
      collector: capturing(this.output),
      globalStores,
      clock: this.clock,
      config: { ...DEFAULT_TASK_CONFIG, ...config },
      onReady: () => {
        this.ready++;
      },
      ...options,
    });
    this.task.initialize();
  }

  add(topic: string, ...inputs: Input[]): void {
    const offset = this.#offsets.get(topic) ?? 0;
    this.#offsets.set(topic, offset + inputs.length);
    this.task.addRecords(fetched(topic, offset, inputs));
  }

  /** Processes what can be processed now, firing stream-time punctuators as the runtime does. */
  run(): void {
    do this.task.punctuateStreamTime();
    while (this.task.process());
  }

  /** Processes everything, waiting for promises. */
  async runAll(): Promise<void> {
    for (;;) {
      this.run();
      if (!this.task.inFlight) return;
      await this.task.settled();
    }
  }

  commit(): void {
    this.task.prepareCommit();
    this.task.committableOffsets();
    this.task.postCommit();
  }

  /** After an abort: the topic is read again from `offset`. */
  rewind(topic: string, offset: number): void {
    this.#offsets.set(topic, offset);
  }

  /** Values on `topic`, in order. */
  values(topic: string): (string | null)[] {
    return this.output.filter((record) => record.topic === topic).map(({ value }) => value);
  }
}
