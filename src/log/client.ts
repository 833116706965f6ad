/**
 * The ports of a log: what the runtime, the typed face (`log.ts`) and the command need from it. The bundled
 * engine implements them in process; later `log/kafka` implements them over a cluster. Batch-shaped: `poll`
 * hands out record batches v2 as bytes, `append` takes encoded records. Offsets and timestamps are `number`
 * (checked safe integers), bytes are `Uint8Array`. `test/log/client-suite.ts` runs against every implementation.
 */
import type { StreamsError } from '../errors.js';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Kafka's header: a string key, bytes or null as value; order matters, keys may repeat. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export type Isolation = 'read_committed' | 'read_uncommitted';

export interface LogFeatures {
  /** A consumer may read the open transaction of a producer of this process (`LogConsumerOptions.readThrough`). */
  readonly readThrough: boolean;
  /** Commits cost about one fdatasync and may be made whenever no input waits. */
  readonly commitWhenIdle: boolean;
  /** Records survive the process: state may be kept on disk beside it. */
  readonly durable: boolean;
}

/** Kafka's codecs. Which of them this process can use is told by `UNSUPPORTED_COMPRESSION`, naming codec and package. */
export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/**
 * One of Kafka's codecs, synchronous, over the bytes that Kafka stores: gzip members, zstd and LZ4 frames, Snappy in
 * the framing of Java's client.
 */
export interface Codec {
  compress(bytes: Buffer, level?: number): Buffer;
  /** Never more than `maxBytes`: throw instead. */
  decompress(bytes: Buffer, maxBytes: number): Buffer;
}

/** Codecs of the user's choice, used before this library's own. */
export type CustomCodecs = { readonly [type in Exclude<CompressionType, 'none'>]?: Codec };

export interface LogClient {
  readonly features: LogFeatures;
  admin(): LogAdmin;
  consumer(options?: LogConsumerOptions): LogConsumer;
  producer(options?: LogProducerOptions): LogProducer;
  /** Closes what is still open, makes everything acknowledged durable, releases the directory. Idempotent. */
  close(): Promise<void>;
}

// ---------------------------------------------------------------- admin

/** Topic configs with Kafka's dotted names. Unknown names and bad values are `INVALID_CONFIG`. */
export type TopicConfig = Readonly<{ [name: string]: string | number | boolean }>;

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly config?: TopicConfig;
}

export interface TopicDescription {
  readonly topic: string;
  /** Changes when a topic is deleted and made anew. */
  readonly topicId: string;
  readonly partitions: number;
  readonly config: TopicConfig;
}

/** Where a config's value comes from: set for this topic, or the default. Kafka's names. */
export type ConfigSource = 'DYNAMIC_TOPIC_CONFIG' | 'DEFAULT_CONFIG';

/** One config of one topic as it is in force. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSource;
  readonly type: 'BOOLEAN' | 'INT' | 'LONG' | 'DOUBLE' | 'STRING' | 'LIST';
  /** One sentence: what it does, its unit. */
  readonly documentation: string;
}

/** Kafka's incremental alter: what is not named stays as it is; `unset` goes back to the default. */
export interface ConfigChange {
  readonly topic: string;
  readonly set?: TopicConfig;
  readonly unset?: readonly string[];
}

/** `Dead`: there is no such group. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

export type AssignorName = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky';

export interface GroupMemberDescription {
  readonly memberId: string;
  readonly clientId: string;
  /** Set for static members. */
  readonly groupInstanceId?: string;
  readonly assignment: readonly TopicPartition[];
}

export interface GroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  readonly generationId: number;
  /** '' when the group has no members. */
  readonly assignor: AssignorName | '';
  readonly members: readonly GroupMemberDescription[];
}

export interface PartitionOffset {
  readonly partition: number;
  readonly offset: number;
}

/** `latest` is the last stable offset under read_committed and the high watermark under read_uncommitted; a number is a timestamp. */
export type OffsetSpec = 'earliest' | 'latest' | 'max-timestamp' | number;

export interface OffsetAndMetadata {
  readonly offset: number;
  readonly metadata: string;
}

export interface PartitionOffsetAndMetadata extends TopicPartition, OffsetAndMetadata {}

export interface LogAdmin {
  /** `TOPIC_EXISTS`, `INVALID_TOPIC`, `INVALID_PARTITIONS`, `INVALID_CONFIG`. With `ifNotExists`, an existing topic is left as it is. */
  createTopics(
    topics: readonly NewTopic[],
    options?: { readonly ifNotExists?: boolean },
  ): Promise<void>;
  deleteTopics(topics: readonly string[]): Promise<void>;
  /** Raises partition counts, all or none. `UNKNOWN_TOPIC`; `INVALID_PARTITIONS` unless each count is higher than now. Keys move: Kafka's warning holds. */
  createPartitions(
    topics: readonly { readonly topic: string; readonly partitions: number }[],
  ): Promise<void>;
  /** Per topic, every config in force, sorted by name. `UNKNOWN_TOPIC`. */
  describeConfigs(topics: readonly string[]): Promise<(readonly ConfigEntry[])[]>;
  /** All changes or none; in force when it resolves. `UNKNOWN_TOPIC`, `INVALID_CONFIG`. */
  alterConfigs(changes: readonly ConfigChange[]): Promise<void>;
  listTopics(): Promise<string[]>;
  /** Descriptions in the order asked for; `undefined` for a topic that does not exist. */
  describeTopics(topics: readonly string[]): Promise<(TopicDescription | undefined)[]>;
  listOffsets(
    topic: string,
    spec: OffsetSpec,
    options?: { readonly isolation?: Isolation },
  ): Promise<PartitionOffset[]>;
  /**
   * Raises log start offsets; records below are gone for every reader. -1: up to the high watermark. `UNKNOWN_TOPIC`,
   * `OFFSET_OUT_OF_RANGE`, `POLICY_VIOLATION` for a topic that is only compacted.
   */
  deleteRecords(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>;
  listGroups(): Promise<string[]>;
  /** Every committed offset of the group. */
  committedOffsets(groupId: string): Promise<PartitionOffsetAndMetadata[]>;
  /** In the order asked for; a group that does not exist is `Dead`. */
  describeGroups(groupIds: readonly string[]): Promise<GroupDescription[]>;
  /** Sets committed offsets of a group without members. `GROUP_NOT_EMPTY`, `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`. */
  alterGroupOffsets(groupId: string, offsets: readonly PartitionOffsetAndMetadata[]): Promise<void>;
  /** Forgets committed offsets. `UNKNOWN_GROUP`; `GROUP_NOT_EMPTY` while a member reads the topic. */
  deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void>;
  /** All or none. `UNKNOWN_GROUP`, `GROUP_NOT_EMPTY`. */
  deleteGroups(groupIds: readonly string[]): Promise<void>;
}

// ---------------------------------------------------------------- consumer

export interface LogConsumerOptions {
  readonly groupId?: string;
  /** Default `read_committed`. */
  readonly isolation?: Isolation;
  /** Where to start without a committed or sought position. Default `earliest`; `none` makes poll fail with `OFFSET_OUT_OF_RANGE`. */
  readonly offsetReset?: 'earliest' | 'latest' | 'none';
  /** Bytes that one poll returns at most per partition (at least one batch is returned). Default 1 MiB. */
  readonly maxPartitionBytes?: number;
  /** Bytes that one poll returns at most over all partitions (at least one batch is returned). Default 50 MiB. */
  readonly maxBytes?: number;
  /** Names the consumer in group descriptions. Default 'millrace'. */
  readonly clientId?: string;
  /** Static membership: who comes back under this id within `maxPollIntervalMs` gets its partitions back without a rebalance. */
  readonly groupInstanceId?: string;
  /** How the group shares partitions out; all members name the same one (`INCONSISTENT_GROUP_PROTOCOL`). Default 'range'. */
  readonly assignor?: AssignorName;
  /** A group member that does not poll for this long leaves its group. Default 5 min. */
  readonly maxPollIntervalMs?: number;
  /**
   * On these topics the consumer also sees the open transaction of `producer`: its position passes the last stable
   * offset while every undecided batch below is of this producer and epoch. Only with `features.readThrough`.
   */
  readonly readThrough?: { readonly producer: LogProducer; readonly topics: ReadonlySet<string> };
}

/** One record batch v2 in `bytes[start, end)`; read it with `RecordCursor`, skipping offsets below `FetchedRecords.firstOffset`. */
export interface BatchRange {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What one poll brings for one partition. Control batches and, under read_committed, aborted batches are already left out. */
export interface FetchedRecords extends TopicPartition {
  readonly batches: readonly BatchRange[];
  /** The position that was read from; the first batch may begin below it. */
  readonly firstOffset: number;
  /** The position after this fetch: past markers and aborted records too, also when `batches` is empty. */
  readonly nextOffset: number;
  /** End of what this consumer could read when it fetched (LSO, high watermark, or own log end under readThrough). */
  readonly endOffset: number;
  /** Codecs that the log was opened with, for `RecordCursor`. */
  readonly codecs?: CustomCodecs;
}

export interface RebalanceListener {
  /** At the end of every rebalance: all that the member has now; under cooperative-sticky what is new, maybe nothing. */
  onPartitionsAssigned(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** Called before the partitions are given up: all of them, under cooperative-sticky those that move. Commits made here still count. */
  onPartitionsRevoked(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** The partitions belong to somebody else already: nothing can be committed. Default: as `onPartitionsRevoked`. */
  onPartitionsLost?(partitions: readonly TopicPartition[]): void | Promise<void>;
}

export interface ConsumerGroupMetadata {
  readonly groupId: string;
  /** -1 without membership (manual assignment). */
  readonly generationId: number;
  readonly memberId: string;
  /** Set for static members. */
  readonly groupInstanceId?: string;
}

export interface LogConsumer {
  /** Manual assignment; replaces the former one. Positions start at the committed offset (with groupId), else by offsetReset. */
  assign(partitions: readonly TopicPartition[]): void;
  /**
   * Group membership; needs groupId. Cannot be mixed with `assign`. A pattern takes every topic whose whole name it
   * matches, also those that are created later. No topics at all is Kafka's `unsubscribe`: the next poll leaves the group.
   */
  subscribe(topics: readonly string[] | RegExp, listener?: RebalanceListener): void;
  assignment(): readonly TopicPartition[];
  seek(partition: TopicPartition, offset: number): void;
  /** The next offset to read; resolves the start position if needed. */
  position(partition: TopicPartition): Promise<number>;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /**
   * Waits until something can be returned, `maxWaitMs` passed, or `wakeup` was called; what is available returns
   * at once. `[]` means nothing came. Partitions take turns, so that none starves.
   */
  poll(maxWaitMs: number): Promise<readonly FetchedRecords[]>;
  /** Ends a waiting poll early. */
  wakeup(): void;
  committed(partitions: readonly TopicPartition[]): Promise<(OffsetAndMetadata | undefined)[]>;
  /**
   * Durable when it resolves. `ILLEGAL_GENERATION`, `UNKNOWN_MEMBER`, `FENCED_INSTANCE_ID` when the group moved on;
   * `REBALANCE_IN_PROGRESS` from a cooperative member that has to poll first; `OFFSET_METADATA_TOO_LARGE`.
   */
  commit(offsets: readonly PartitionOffsetAndMetadata[]): Promise<void>;
  groupMetadata(): ConsumerGroupMetadata;
  /** Gives its partitions up, as in a rebalance, and leaves the group at once; a static member stays one for `maxPollIntervalMs`. */
  close(): Promise<void>;
}

// ---------------------------------------------------------------- producer

export interface LogProducerOptions {
  /** Makes the producer transactional; `init` fences every earlier producer of this id. */
  readonly transactionalId?: string;
  /** A batch is handed over when it reaches this size. Default 16 KiB. */
  readonly batchBytes?: number;
  /** An open transaction older than this is aborted by the log. Default 60 s. Infinity: never. */
  readonly transactionTimeoutMs?: number;
  /** Batches are compressed with this codec. Default 'none'. `UNSUPPORTED_COMPRESSION` when this process has no such codec. */
  readonly compression?: CompressionType;
  /** Kafka's level of the codec: gzip 1-9, lz4 1-17 (makes no difference here), zstd -131072-22. Default: the codec's own. */
  readonly compressionLevel?: number;
  /** Names the producer for quotas. Default 'millrace'. */
  readonly clientId?: string;
  /** Called once per batch in offset order per partition, when the batch is accepted (in a transaction) or durable (otherwise). */
  readonly onBatch?: (
    topic: string,
    partition: number,
    baseOffset: number,
    lastOffset: number,
  ) => void;
}

/** Called once: with the record's offset, or with the error and offset -1. */
export type AppendCallback = (error: StreamsError | undefined, offset: number) => void;

/** Appends to one topic; made once, kept, so that no topic name is looked up per record. */
export interface TopicWriter {
  readonly topic: string;
  readonly partitions: number;
  /**
   * Adds a record to the partition's open batch; the ranges are copied before it returns. `key === null` or
   * `value === null` is null. Throws `RECORD_TOO_LARGE` (nothing appended, the producer stays usable),
   * `UNKNOWN_PARTITION`, `INVALID_TIMESTAMP`, `PRODUCER_FENCED`, `INVALID_TRANSACTION_STATE`.
   */
  append(
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    headers: readonly RecordHeader[],
    acknowledged?: AppendCallback,
  ): void;
}

export type TransactionOutcome =
  | { readonly outcome: 'committed' }
  /** A newer producer of this transactional id exists, or the log aborted the transaction; nothing was committed. */
  | { readonly outcome: 'fenced'; readonly error: StreamsError }
  /** It may or may not have been committed: open a new producer, `init` it, then read the committed offsets. */
  | { readonly outcome: 'unknown'; readonly error: StreamsError };

export interface LogProducer {
  /** Obtains producer id and epoch; with a transactionalId fences older producers and settles their open transaction. */
  init(): Promise<void>;
  /** `UNKNOWN_TOPIC` when the topic does not exist. */
  topic(name: string): TopicWriter;
  begin(): void;
  /** Adds consumed offsets to the open transaction; later values for a partition replace earlier ones. */
  sendOffsets(offsets: readonly PartitionOffsetAndMetadata[], group: ConsumerGroupMetadata): void;
  /** Hands the open batches to the log without waiting; under readThrough they can be polled at once. */
  seal(): void;
  /** Seals and resolves when everything sent so far is durable (in a transaction: accepted). Rejects with the first failure. */
  flush(): Promise<void>;
  /** Seals, then ends the transaction; all of it becomes visible and durable at one instant. */
  commit(): Promise<TransactionOutcome>;
  /** Drops open batches and aborts. Resolves when no reader can see anything of it. */
  abort(): Promise<void>;
  /** Bytes handed over or buffered that are not durable yet: the caller's measure for back-pressure. */
  readonly pendingBytes: number;
  /**
   * How long to wait before more is sent, because the quota of the client id is used up; 0 without one. What is sent all
   * the same counts too, until a batch is refused with `QUOTA_EXCEEDED`.
   */
  readonly throttleMs: number;
  /** Aborts an open transaction; flushes a plain producer. */
  close(): Promise<void>;
}
