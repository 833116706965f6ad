/** The page for those who come from Java names every class of the DSL and the Processor API, and every method of them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** Public methods of Kafka Streams' classes, without those of every object. */
const METHODS: { readonly [javaClass: string]: string } = {
  StreamsBuilder: 'stream table globalTable addStateStore addGlobalStore build',
  KStream:
    'filter filterNot selectKey map mapValues flatMap flatMapValues print foreach peek split merge repartition to toTable groupBy groupByKey join leftJoin outerJoin transform flatTransform transformValues flatTransformValues process processValues',
  KTable:
    'filter filterNot mapValues toStream suppress transformValues groupBy join leftJoin outerJoin queryableStoreName',
  KGroupedStream: 'count reduce aggregate windowedBy cogroup',
  KGroupedTable: 'count reduce aggregate',
  TimeWindowedKStream: 'count aggregate reduce emitStrategy',
  SessionWindowedKStream: 'count aggregate reduce emitStrategy',
  CogroupedKStream: 'cogroup aggregate windowedBy',
  TimeWindowedCogroupedKStream: 'aggregate',
  SessionWindowedCogroupedKStream: 'aggregate',
  GlobalKTable: 'queryableStoreName',
  BranchedKStream: 'branch defaultBranch noDefaultBranch',
  Branched: 'as withFunction withConsumer withName',
  Materialized:
    'as with withValueSerde withKeySerde withLoggingEnabled withLoggingDisabled withCachingEnabled withCachingDisabled withRetention withStoreType',
  Consumed:
    'with as withKeySerde withValueSerde withTimestampExtractor withOffsetResetPolicy withName',
  Produced:
    'with as keySerde valueSerde streamPartitioner withStreamPartitioner withValueSerde withKeySerde withName',
  Grouped: 'as keySerde valueSerde with withName withKeySerde withValueSerde',
  Joined:
    'with keySerde valueSerde otherValueSerde as withKeySerde withValueSerde withOtherValueSerde withName withGracePeriod gracePeriod',
  StreamJoined:
    'with as withName withStoreName withKeySerde withValueSerde withOtherValueSerde withDslStoreSuppliers withThisStoreSupplier withOtherStoreSupplier withLoggingEnabled withLoggingDisabled',
  TableJoined: 'with as withPartitioner withOtherPartitioner withName',
  Repartitioned:
    'as with streamPartitioner numberOfPartitions withName withNumberOfPartitions withKeySerde withValueSerde withStreamPartitioner',
  Suppressed: 'untilWindowCloses untilTimeLimit withName',
  EmitStrategy: 'type onWindowClose onWindowUpdate',
  Named: 'as withName',
  Printed: 'toFile toSysOut withLabel withKeyValueMapper withName',
  TimeWindows: 'ofSizeWithNoGrace ofSizeAndGrace advanceBy windowsFor size gracePeriodMs',
  SlidingWindows:
    'ofTimeDifferenceWithNoGrace ofTimeDifferenceAndGrace timeDifferenceMs gracePeriodMs',
  SessionWindows: 'ofInactivityGapWithNoGrace ofInactivityGapAndGrace gracePeriodMs inactivityGap',
  UnlimitedWindows: 'of startOn windowsFor size gracePeriodMs',
  JoinWindows:
    'ofTimeDifferenceAndGrace ofTimeDifferenceWithNoGrace of before after windowsFor size grace gracePeriodMs',
  Stores:
    'persistentKeyValueStore persistentTimestampedKeyValueStore persistentVersionedKeyValueStore inMemoryKeyValueStore lruMap persistentWindowStore persistentTimestampedWindowStore inMemoryWindowStore persistentSessionStore inMemorySessionStore keyValueStoreBuilder timestampedKeyValueStoreBuilder versionedKeyValueStoreBuilder windowStoreBuilder timestampedWindowStoreBuilder sessionStoreBuilder',
  StoreBuilder:
    'withCachingEnabled withCachingDisabled withLoggingEnabled withLoggingDisabled build logConfig loggingEnabled name',
  Topology:
    'addSource addSink addProcessor addStateStore addReadOnlyStateStore addGlobalStore connectProcessorAndStateStores describe',
  ProcessingContext:
    'applicationId taskId recordMetadata keySerde valueSerde stateDir metrics getStateStore schedule commit appConfigs appConfigsWithPrefix currentSystemTimeMs currentStreamTimeMs',
  ProcessorContext: 'forward',
  FixedKeyProcessorContext: 'forward',
  Processor: 'init process close',
  Record: 'key value timestamp headers withKey withValue withTimestamp withHeaders',
  KafkaStreams:
    'state setStateListener setUncaughtExceptionHandler setGlobalStateRestoreListener setStandbyUpdateListener metrics addStreamThread removeStreamThread start close cleanUp metadataForAllStreamsClients streamsMetadataForStore queryMetadataForKey store clientInstanceIds metadataForLocalThreads allLocalStorePartitionLags query',
  WindowedSerdes: 'timeWindowedSerdeFrom sessionWindowedSerdeFrom',
  KeyValueStore: 'put putIfAbsent putAll delete',
  ReadOnlyKeyValueStore: 'get range reverseRange all reverseAll prefixScan approximateNumEntries',
  ReadOnlyWindowStore: 'fetch backwardFetch all backwardAll fetchAll backwardFetchAll',
  WindowStore: 'put fetch backwardFetch fetchAll backwardFetchAll',
  ReadOnlySessionStore: 'findSessions backwardFindSessions fetchSession fetch backwardFetch',
  SessionStore: 'findSessions backwardFindSessions fetchSession remove put',
  VersionedKeyValueStore: 'put delete get',
  TopologyTestDriver:
    'metrics advanceWallClockTime createInputTopic createOutputTopic producedTopicNames getAllStateStores getStateStore close',
  TestInputTopic: 'advanceTime pipeInput pipeRecordList pipeKeyValueList pipeValueList',
  TestOutputTopic:
    'readValue readKeyValue readRecord readRecordsToList readKeyValuesToMap readKeyValuesToList readValuesToList getQueueSize isEmpty',
};

const page = readFileSync(
  fileURLToPath(new URL('../../docs/coming-from-java.md', import.meta.url)),
  'utf8',
);

test.each(Object.entries(METHODS))('%s and its methods have a place', (javaClass, methods) => {
  const words = new Set(page.match(/\w+/g));
  const missing = [javaClass, ...methods.split(' ')].filter((name) => !words.has(name));
  expect(missing).toEqual([]);
});
