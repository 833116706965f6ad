/** The door `millrace`: what programs import. Names only; what is behind them lives in the rooms. */

// building
export { StreamsBuilder } from './dsl/streams-builder.js';
export type { BuildOptions } from './dsl/streams-builder.js';
export { KStream } from './dsl/kstream.js';
export { KTable } from './dsl/ktable.js';
export { GlobalKTable } from './dsl/global-ktable.js';
export { KGroupedStream } from './dsl/grouped-stream.js';
export { KGroupedTable } from './dsl/grouped-table.js';
export {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from './dsl/cogrouped-stream.js';
export { SessionWindowedKStream } from './dsl/session-windowed-stream.js';
export type { SessionMerger } from './dsl/session-windowed-stream.js';
export { TimeWindowedKStream } from './dsl/time-windowed-stream.js';
export { Suppressed } from './dsl/suppressed.js';
export type { StrictSuppressionBuffer, SuppressionBuffer } from './dsl/suppressed.js';
export { JoinWindows } from './dsl/join-windows.js';
export type { JoinWindowsOptions } from './dsl/join-windows.js';
export { SessionWindows, SlidingWindows, TimeWindows, UnlimitedWindows } from './dsl/windows.js';
export type {
  SessionWindowsOptions,
  SlidingWindowsOptions,
  TimeWindowsOptions,
  UnlimitedWindowsOptions,
} from './dsl/windows.js';
export { BranchedKStream } from './dsl/branched.js';
export type { Branches, NamedBranches } from './dsl/branched.js';
export type { Aggregator, Initializer } from './dsl/operators/aggregate.js';
export type { Branch } from './dsl/operators/branch.js';
export type { Predicate } from './dsl/operators/filter.js';
export type { ForeignKeyExtractor } from './dsl/operators/foreign-key/subscribe.js';
export type { GroupMapper } from './dsl/operators/table-group.js';
export type {
  TransformerContext,
  ValueTransformer,
  ValueTransformerSupplier,
} from './dsl/operators/transform-values.js';
export type { EmitStrategy } from './dsl/operators/window-rows.js';
export type {
  ForeignKeyJoined,
  JoinableTable,
  TableJoinOptions,
  ToStream,
  TransformOptions,
} from './dsl/ktable.js';
export type {
  ConnectedFixedKeyProcessorSupplier,
  ConnectedProcessorSupplier,
  ConnectedStores,
  NoStores,
  StoresByName,
} from './dsl/connected-stores.js';
export type { ValueMapper } from './dsl/operators/map-values.js';
export type { ForeachAction } from './dsl/operators/peek.js';
export type { Reducer } from './dsl/operators/reduce.js';
export type {
  BuilderOptions,
  Consumed,
  GlobalJoined,
  Grouped,
  History,
  Joined,
  Materialized,
  Named,
  Processing,
  Produced,
  Repartitioned,
  Serializer,
  StoreOptions,
  StreamJoined,
  TableJoined,
  TableKind,
  WindowedMaterialized,
} from './dsl/options.js';
export { Topology } from './processor/topology.js';
export type { ProcessorOptions, SinkOptions, SourceOptions } from './processor/topology.js';
export type {
  NodeDescription,
  SubtopologyDescription,
  TopologyData,
  TopologyDescription,
} from './processor/topology-description.js';
export type { RepartitionDescription, StateStoreDescription } from './processor/topology-topics.js';
export type { Optimization, OptimizationRule } from './dsl/optimize.js';
export type { TopicNameExtractor } from './processor/node-definition.js';
export type { StreamPartitioner } from './processor/collector.js';

// processing
export { Record } from './processor/record.js';
export type { RecordHeader, RecordLike, RecordMetadata } from './processor/record.js';
export type {
  Awaitable,
  Cancellable,
  FixedKeyProcessorContext,
  FixedKeyProcessorSupplier,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  PunctuationType,
} from './processor/processor.js';
export {
  failOnInvalidTimestamp,
  logAndSkipOnInvalidTimestamp,
  usePartitionTimeOnInvalidTimestamp,
} from './processor/timestamp-extractor.js';
export type { ConsumedRecord, TimestampExtractor } from './processor/timestamp-extractor.js';
export { deadLetter } from './processor/error-policy.js';
export type {
  DeadLetter,
  ErrorDecision,
  ErrorPolicy,
  FailedRecord,
} from './processor/error-policy.js';

// state
export { Stores } from './state/stores.js';
export type { KeyValueStoresOptions } from './state/stores.js';
export type {
  SessionStoresOptions,
  VersionedStoresOptions,
  WindowStoresOptions,
} from './state/windowed-stores.js';
export type { StateStore, StoreBuilder } from './state/store.js';
export type {
  KeyValueStore,
  ReadOnlyKeyValueStore,
  SyncIteration,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
} from './state/key-value.js';
export type {
  ReadOnlyWindowStore,
  SyncWindowStore,
  TimestampedWindowStore,
  WindowStore,
} from './state/window.js';
export type { ReadOnlySessionStore, SessionStore, SyncSessionStore } from './state/session.js';
export { PUT_RETURN_CODE_NOT_PUT, PUT_RETURN_CODE_VALID_TO_UNDEFINED } from './state/versioned.js';
export type {
  ReadOnlyVersionedKeyValueStore,
  VersionedKeyValueStore,
  VersionedRecord,
} from './state/versioned.js';

// serdes
export { Serdes } from './serde/serdes.js';
export type { ByteWriter, Serde, SerdeType } from './serde/serde.js';
export type { CustomSerde } from './serde/define-serde.js';
export type { JsonSchema, JsonSchemaIssue, JsonSchemaResult } from './serde/json.js';
export type { Window, Windowed, WindowedSerde } from './serde/windowed.js';

// running
export { KafkaStreams } from './runtime/kafka-streams.js';
export type {
  CloseOptions,
  KafkaStreamsEvents,
  RunOptions,
  StateChange,
} from './runtime/kafka-streams.js';
export type { KafkaStreamsState } from './runtime/app-state.js';
export type {
  ErrorPolicies,
  KafkaStreamsOptions,
  ProcessingGuarantee,
  StreamsLogger,
  UncaughtErrorDecision,
  UncaughtErrorHandler,
} from './runtime/config.js';
export type { ApplicationMetrics, TaskMetrics } from './runtime/metrics.js';
export type { DropReason, DroppedRecord } from './processor/dropped-record.js';
export type { CommitInfo } from './runtime/commit-schedule.js';
export type { RestoreProgress } from './runtime/restore.js';
export type { StoreFace, StoreHandle, StoreKind, StoreOf } from './runtime/store-reader.js';

// the log
export { checkLog, dumpLines, dumpSegment, logStats } from './log/inspect/inspect.js';
export type {
  DumpedBatch,
  DumpedDamage,
  DumpedEntry,
  DumpedGroup,
  DumpedOffsetEntry,
  DumpedRecord,
  DumpedTimeEntry,
  DumpOptions,
  FindingKind,
  FindingSeverity,
  GroupStats,
  InspectOptions,
  LogCheckOptions,
  LogCheckProgress,
  LogCheckReport,
  LogCheckTotals,
  LogFinding,
  LogStats,
  PartitionStats,
  TopicStats,
} from './log/inspect/inspect.js';
export { memoryLog, openLog } from './log/log.js';
export type { Log } from './log/log.js';
export type { LogLogger, LogQuotas, MemoryLogOptions, OpenLogOptions } from './log/log-options.js';
export type { Admin } from './log/typed-admin.js';
export type { ConsumedBatch, Consumer, ConsumerOptions, ConsumerRecord } from './log/consumer.js';
export type {
  BatchRecord,
  Producer,
  ProducerOptions,
  ProducerRecord,
  RecordSender,
  SentRecord,
  Transaction,
} from './log/producer.js';
export type {
  AssignorName,
  Codec,
  CompressionType,
  ConfigChange,
  ConfigEntry,
  ConfigSource,
  ConsumerGroupMetadata,
  CustomCodecs,
  GroupDescription,
  GroupMemberDescription,
  GroupState,
  Isolation,
  LogAdmin,
  LogClient,
  LogConsumer,
  LogFeatures,
  LogProducer,
  NewTopic,
  OffsetAndMetadata,
  OffsetSpec,
  PartitionOffset,
  PartitionOffsetAndMetadata,
  RebalanceListener,
  TopicConfig,
  TopicDescription,
  TopicPartition,
} from './log/client.js';

// errors, durations and the outside world
export { StreamsError, TopologyException } from './errors.js';
export type { ErrorCode, ErrorLocation } from './errors.js';
export type { Duration } from './duration.js';
export type { Clock, Env, Process, Random, Timers } from './env/env.js';
