/**
 * The consumers of the bundled log: manual assignment or membership in a group. A poll that finds something costs
 * a look at each partition that has something and one resolved promise; one that finds nothing waits until a partition has
 * more, the group changed, somebody woke it, or the time is over.
 */
import { StreamsError } from '../../errors.js';
import type { Timer } from '../../env/env.js';
import type {
  ConsumerGroupMetadata,
  FetchedRecords,
  LogConsumer,
  LogConsumerOptions,
  OffsetAndMetadata,
  PartitionOffsetAndMetadata,
  RebalanceListener,
  TopicPartition,
} from '../client.js';
import { Assignment } from './assignment.js';
import type { Broker } from './broker.js';
import { GroupMember } from './group-member.js';
import { Membership } from './membership.js';
import type { PartitionReader } from './partition.js';

const DEFAULT_CLIENT_ID = 'millrace';
const DEFAULT_MAX_POLL_INTERVAL_MS = 300_000;
const NOTHING: readonly FetchedRecords[] = [];

export class EngineConsumer implements LogConsumer, PartitionReader {
  readonly #broker: Broker;
  readonly #options: LogConsumerOptions;
  readonly #assignment: Assignment;
  readonly #onClose: (consumer: EngineConsumer) => void;
  #mode: 'none' | 'manual' | 'group' = 'none';
  #membership: Membership | undefined;
  #polling = false;
  #wokenUp = false;
  #resume: (() => void) | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(
    broker: Broker,
    options: LogConsumerOptions,
    onClose: (consumer: EngineConsumer) => void,
  ) {
    this.#broker = broker;
    this.#options = options;
    this.#assignment = new Assignment(broker, options, this);
    this.#onClose = onClose;
  }

  assign(partitions: readonly TopicPartition[]): void {
    this.#assertOpen();
    if (this.#mode === 'group')
      throw new StreamsError(
        'INVALID_STATE',
        'The consumer is subscribed with its group; manual assignment needs another consumer.',
      );
    this.#assignment.set(partitions);
    this.#mode = 'manual';
    this.available();
  }

  subscribe(topics: readonly string[] | RegExp, listener?: RebalanceListener): void {
    this.#assertOpen();
    if (this.#mode === 'manual')
      throw new StreamsError(
        'INVALID_STATE',
        'The consumer has a manual assignment; a subscription needs another consumer.',
      );
    const known = this.#membership;
    const membership = known ?? this.#newMembership(topics);
    membership.listener = listener;
    this.#membership = membership;
    this.#mode = 'group';
    this.#assignment.skipsDeleted = true;
    if (known === undefined) return;
    known.member.subscribe(topics);
    this.#broker.groups.rejoin(known.member);
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment.list();
  }

  seek(partition: TopicPartition, offset: number): void {
    this.#assertOpen();
    const { topic, partition: number } = partition;
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `${topic}-${number}: cannot seek to ${offset}, an offset is a whole number >= 0.`,
        { topic, partition: number },
      );
    }
    const assigned = this.#assignment.of(partition);
    assigned.position = offset;
    assigned.available();
  }

  async position(partition: TopicPartition): Promise<number> {
    this.#assertOpen();
    const assigned = this.#assignment.of(partition);
    this.#assignment.resolve(assigned);
    return assigned.position;
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#assignment.of(partition).paused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const assigned = this.#assignment.of(partition);
      assigned.paused = false;
      assigned.available();
    }
  }

  poll(maxWaitMs: number): Promise<readonly FetchedRecords[]> {
    if (this.#polling)
      return Promise.reject(
        new StreamsError(
          'INVALID_STATE',
          'A poll of this consumer is waiting already; one poll at a time.',
        ),
      );
    const membership = this.#membership;
    if (membership === undefined) {
      try {
        this.#assertOpen();
        const records = this.#assignment.fetch();
        if (records.length > 0 || maxWaitMs <= 0) return Promise.resolve(records);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return this.#pollWaiting(maxWaitMs, membership);
  }

  wakeup(): void {
    this.#wokenUp = true;
    this.available();
  }

  /** A partition has more, or the group changed: whoever waits looks again. */
  available(): void {
    const resume = this.#resume;
    if (resume === undefined) return;
    this.#resume = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    resume();
  }

  async committed(
    partitions: readonly TopicPartition[],
  ): Promise<(OffsetAndMetadata | undefined)[]> {
    this.#assertOpen();
    const groupId = this.#groupId('committed');
    return partitions.map(({ topic, partition }) => {
      const found = this.#broker.topics.get(topic);
      return this.#broker.offsets.committed(
        groupId,
        found.topicId,
        found.partition(partition).partition,
      );
    });
  }

  async commit(offsets: readonly PartitionOffsetAndMetadata[]): Promise<void> {
    this.#assertOpen();
    this.#groupId('commit');
    const { durability, env } = this.#broker;
    const metadata = this.groupMetadata();
    this.#broker.groups.check(metadata);
    const entry = this.#broker.offsets.entry(
      metadata.groupId,
      offsets.map((offset) => ({ ...offset, topicId: this.#assignment.topicId(offset) })),
      env.clock.now(),
    );
    if (entry.offsets.length === 0) return;
    this.#broker.offsets.write(entry);
    await new Promise<void>((resolve, reject) => {
      durability.wait({ durable: (error) => (error === undefined ? resolve() : reject(error)) });
      durability.syncNow();
    });
  }

  groupMetadata(): ConsumerGroupMetadata {
    return (
      this.#membership?.member.metadata() ?? {
        groupId: this.#groupId('groupMetadata'),
        generationId: -1,
        memberId: '',
      }
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    // As in Kafka, a member that closes gives its partitions up first, so that it can still commit.
    try {
      if (!this.#broker.closed) await this.#membership?.giveUp();
    } finally {
      this.stop();
      this.#onClose(this);
    }
  }

  /** Ends a waiting poll with nothing and leaves the group; also when the log is closed under the consumer. */
  stop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#membership?.stop();
    this.#assignment.set([]);
    this.available();
  }

  async #pollWaiting(
    maxWaitMs: number,
    membership: Membership | undefined,
  ): Promise<readonly FetchedRecords[]> {
    this.#assertOpen();
    const { clock } = this.#broker.env;
    const member = membership?.member;
    this.#polling = true;
    if (member !== undefined) this.#broker.groups.pollBegins(member);
    try {
      let deadline = -1;
      for (;;) {
        if (membership !== undefined && member?.state !== 'stable') await membership.settle();
        if (this.#closed) return NOTHING;
        const records = this.#assignment.fetch();
        if (records.length > 0) return records;
        if (this.#wokenUp) {
          this.#wokenUp = false;
          return NOTHING;
        }
        if (maxWaitMs <= 0) return NOTHING;
        const now = clock.monotonic();
        if (deadline < 0) deadline = now + maxWaitMs;
        if (now >= deadline) return NOTHING;
        await this.#wait(deadline - now);
        if (this.#closed) return NOTHING;
      }
    } finally {
      this.#polling = false;
      if (member !== undefined && !this.#closed) this.#broker.groups.pollEnds(member);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
      if (ms < Number.POSITIVE_INFINITY)
        this.#timer = this.#broker.env.timers.after(ms, () => this.available());
    });
  }

  #newMembership(topics: readonly string[] | RegExp): Membership {
    const { groupId, groupInstanceId, clientId, assignor, maxPollIntervalMs } = this.#options;
    if (groupId === undefined)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        'subscribe() needs a groupId; give one, or use assign().',
      );
    const options = {
      groupId,
      groupInstanceId,
      clientId: clientId ?? DEFAULT_CLIENT_ID,
      assignor: assignor ?? 'range',
      maxPollIntervalMs: maxPollIntervalMs ?? DEFAULT_MAX_POLL_INTERVAL_MS,
      wake: () => this.available(),
    };
    return new Membership(this.#broker, this.#assignment, new GroupMember(options, topics));
  }

  #groupId(call: string): string {
    if (this.#options.groupId !== undefined) return this.#options.groupId;
    throw new StreamsError('INVALID_ARGUMENT', `${call}() needs a groupId.`);
  }

  #assertOpen(): void {
    this.#broker.assertOpen();
    if (this.#closed)
      throw new StreamsError('INVALID_STATE', 'The consumer is closed; make a new one.');
  }
}
