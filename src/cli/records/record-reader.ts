/**
 * Reads records until there is enough, until the end that is there now, until nothing came for a while, or until
 * Ctrl-C; keeps account of what was handed out, and commits that for a group. Whoever prints sees every record once.
 */
import { StreamsError } from '../../errors.js';
import type {
  FetchedRecords,
  Isolation,
  LogConsumer,
  PartitionOffsetAndMetadata,
  TopicPartition,
} from '../../log/client.js';
import { keyOf } from '../../log/consumer-progress.js';
import type { Log } from '../../log/log.js';
import { RecordCursor } from '../../log/record-cursor.js';
import { UntilEnd } from '../../log/until-end.js';
import type { CommandIo } from '../command-io.js';

const COMMIT_INTERVAL_MS = 5000;
const POLL_MS_MAX = 30_000;

export interface ReadPlan {
  /** Partitions by hand, with where to begin; or topics that are shared with the group. */
  readonly source:
    | {
        readonly kind: 'assigned';
        readonly partitions: readonly TopicPartition[];
        readonly offset: number | undefined;
      }
    | { readonly kind: 'subscribed'; readonly topics: readonly string[] | RegExp };
  readonly groupId: string | undefined;
  readonly isolation: Isolation;
  readonly offsetReset: 'earliest' | 'latest';
  readonly max: number;
  readonly untilEnd: boolean;
  /** Ends when nothing comes for so long. */
  readonly timeoutMs: number;
}

/** Shows one record. What it throws ends the reading; the record counts as not read. */
export type ShowRecord = (cursor: RecordCursor, at: TopicPartition) => string;

export class RecordReader {
  readonly #io: CommandIo;
  readonly #plan: ReadPlan;
  readonly #log: Log;
  readonly #consumer: LogConsumer;
  readonly #show: ShowRecord;
  readonly #cursor = new RecordCursor();
  /** Behind what was shown, by partition. */
  readonly #positions = new Map<string, PartitionOffsetAndMetadata>();
  /** What the group has, by partition. */
  readonly #committed = new Map<string, number>();
  #until: UntilEnd | undefined;
  #committedAtMs: number;
  /** Records that were shown. */
  count = 0;

  constructor(io: CommandIo, log: Log, plan: ReadPlan, show: ShowRecord) {
    this.#io = io;
    this.#log = log;
    this.#plan = plan;
    this.#show = show;
    this.#committedAtMs = io.env.clock.monotonic();
    this.#consumer = log.client.consumer({
      isolation: plan.isolation,
      offsetReset: plan.offsetReset,
      clientId: 'millrace-consume',
      ...(plan.groupId === undefined ? {} : { groupId: plan.groupId }),
    });
  }

  /** Reads to the end of the plan, commits and closes the consumer. */
  async run(): Promise<void> {
    const stop = this.#io.interruption();
    const wake = (): void => this.#consumer.wakeup();
    stop.addEventListener('abort', wake);
    try {
      await this.#read(stop);
    } finally {
      stop.removeEventListener('abort', wake);
      try {
        await this.#commit();
      } finally {
        await this.#consumer.close();
      }
    }
  }

  async #read(stop: AbortSignal): Promise<void> {
    const { max, untilEnd, timeoutMs, isolation } = this.#plan;
    const { clock } = this.#io.env;
    let fetches = await this.#begin();
    if (untilEnd)
      this.#until = await UntilEnd.now(
        this.#log.client.admin(),
        this.#consumer.assignment(),
        isolation,
      );
    let lastMs = clock.monotonic();
    for (;;) {
      const before = this.count;
      for (const fetched of fetches) await this.#take(fetched);
      if (this.count > before) lastMs = clock.monotonic();
      if (stop.aborted || this.count >= max || (await this.#atEnd())) return;
      const left = lastMs + timeoutMs - clock.monotonic();
      if (left <= 0) return;
      fetches = await this.#consumer.poll(Math.min(left, this.#commitWaitMs(), POLL_MS_MAX));
      if (this.#commitWaitMs() === 0) await this.#commit();
    }
  }

  /** Takes the partitions; what the first poll of a group brings is kept. */
  async #begin(): Promise<readonly FetchedRecords[]> {
    const { source } = this.#plan;
    if (source.kind === 'subscribed') {
      this.#consumer.subscribe(source.topics, {
        onPartitionsAssigned: () => undefined,
        onPartitionsRevoked: async (partitions) => {
          await this.#commit();
          for (const partition of partitions) {
            this.#positions.delete(keyOf(partition));
            this.#committed.delete(keyOf(partition));
          }
        },
      });
      return this.#consumer.poll(0);
    }
    this.#consumer.assign(source.partitions);
    if (source.offset !== undefined)
      for (const partition of source.partitions) this.#consumer.seek(partition, source.offset);
    // Pins the start: what is written from now on is read also without --from-beginning.
    await Promise.all(source.partitions.map((partition) => this.#consumer.position(partition)));
    return [];
  }

  async #atEnd(): Promise<boolean> {
    return (
      (await this.#until?.isReached(this.#consumer.assignment(), (at) => this.#position(at))) ??
      false
    );
  }

  async #position(at: TopicPartition): Promise<number> {
    return this.#positions.get(keyOf(at))?.offset ?? this.#consumer.position(at);
  }

  async #take(fetched: FetchedRecords): Promise<void> {
    const { topic, partition, firstOffset, nextOffset } = fetched;
    const place = keyOf(fetched);
    const end = this.#until?.endOf(fetched) ?? Number.POSITIVE_INFINITY;
    const cursor = this.#cursor;
    let text = '';
    let position = firstOffset;
    let enough = this.count >= this.#plan.max;
    try {
      for (const batch of fetched.batches) {
        if (enough) break;
        cursor.reset(batch.bytes, batch.start, fetched);
        while (!enough && cursor.next()) {
          if (cursor.offset < firstOffset) continue;
          if (cursor.offset >= end) {
            position = end;
            enough = true;
            break;
          }
          text += this.#show(cursor, fetched);
          position = cursor.offset + 1;
          enough = ++this.count >= this.#plan.max;
        }
      }
      if (!enough) position = nextOffset;
    } finally {
      this.#positions.set(place, { topic, partition, offset: position, metadata: '' });
      if (text !== '') await this.#io.out.write(text);
    }
  }

  /** How long until what was shown shall be committed. */
  #commitWaitMs(): number {
    if (this.#plan.groupId === undefined || this.#uncommitted().length === 0)
      return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#committedAtMs + COMMIT_INTERVAL_MS - this.#io.env.clock.monotonic());
  }

  #uncommitted(): PartitionOffsetAndMetadata[] {
    return [...this.#positions.values()].filter(
      (at) => this.#committed.get(keyOf(at)) !== at.offset,
    );
  }

  /** As Kafka's consumer does, also for partitions of which nothing came: the group has been there. */
  async #commit(): Promise<void> {
    this.#committedAtMs = this.#io.env.clock.monotonic();
    if (this.#plan.groupId === undefined) return;
    for (const at of this.#consumer.assignment()) {
      if (this.#positions.has(keyOf(at))) continue;
      const offset = await this.#consumer.position(at);
      this.#positions.set(keyOf(at), { ...at, offset, metadata: '' });
    }
    const offsets = this.#uncommitted();
    if (offsets.length === 0) return;
    await this.#consumer.commit(offsets);
    for (const at of offsets) this.#committed.set(keyOf(at), at.offset);
  }
}

/** Every partition of the topics. Throws `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`. */
export async function partitionsOf(
  log: Log,
  topics: readonly string[],
  only: number | undefined,
): Promise<TopicPartition[]> {
  const described = await log.admin().describeTopics(topics);
  return described.flatMap(({ topic, partitions }) => {
    if (only === undefined)
      return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    if (only < partitions) return [{ topic, partition: only }];
    throw new StreamsError(
      'UNKNOWN_PARTITION',
      `Topic '${topic}' has no partition ${only}: it has ${partitions}, counted from 0.`,
      { topic, partition: only },
    );
  });
}
