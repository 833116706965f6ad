/**
 * What each door offers, by name: a name that appears or goes is a decision, made here. Types are covered by
 * `test/types` and by the programs of `test/package`.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  Serdes,
  type ConsumerGroupMetadata,
  type Consumer,
  type CustomSerde,
  type JsonSchema,
  type KStream,
  type NamedBranches,
  type PartitionOffsetAndMetadata,
  type RebalanceListener,
  type SubtopologyDescription,
  type Topology,
  type WindowedSerde,
} from '../src/index.js';

const DOORS: { readonly [door: string]: readonly string[] } = {
  index: [
    'BranchedKStream',
    'CogroupedKStream',
    'GlobalKTable',
    'JoinWindows',
    'KGroupedStream',
    'KGroupedTable',
    'KStream',
    'KTable',
    'KafkaStreams',
    'PUT_RETURN_CODE_NOT_PUT',
    'PUT_RETURN_CODE_VALID_TO_UNDEFINED',
    'Record',
    'Serdes',
    'SessionWindowedCogroupedKStream',
    'SessionWindowedKStream',
    'SessionWindows',
    'SlidingWindows',
    'Stores',
    'StreamsBuilder',
    'StreamsError',
    'Suppressed',
    'TimeWindowedCogroupedKStream',
    'TimeWindowedKStream',
    'TimeWindows',
    'Topology',
    'TopologyException',
    'UnlimitedWindows',
    'checkLog',
    'deadLetter',
    'dumpLines',
    'dumpSegment',
    'failOnInvalidTimestamp',
    'logAndSkipOnInvalidTimestamp',
    'logStats',
    'memoryLog',
    'openLog',
    'usePartitionTimeOnInvalidTimestamp',
  ],
  testing: ['TopologyTestDriver'],
  avro: ['avro'],
};

describe('the doors', () => {
  it.each(Object.keys(DOORS))('%s offers what it should, and nothing else', async (door) => {
    const offered: object = await import(`../src/${door}.ts`);
    expect(Object.keys(offered).sort()).toEqual([...(DOORS[door] ?? [])].sort());
  });

  it('package.json has one entry per door', () => {
    const root = new URL('../', import.meta.url);
    const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
    const paths = Object.keys(DOORS).map((door) => (door === 'index' ? '.' : `./${door}`));
    expect(Object.keys(exports).sort()).toEqual(['./package.json', ...paths].sort());
  });
});

describe('what a signature names can be named', () => {
  it('so that a library built on this one can write its declarations', () => {
    type Bytes = Consumer<Uint8Array, Uint8Array>;
    expectTypeOf<ReturnType<Bytes['groupMetadata']>>().toEqualTypeOf<ConsumerGroupMetadata>();
    expectTypeOf<ReturnType<Bytes['positions']>>().toEqualTypeOf<PartitionOffsetAndMetadata[]>();
    expectTypeOf<Parameters<Bytes['subscribe']>[1]>().toEqualTypeOf<
      RebalanceListener | undefined
    >();
    expectTypeOf<
      ReturnType<Topology['describe']>['subtopologies'][number]
    >().toEqualTypeOf<SubtopologyDescription>();
    expectTypeOf(Serdes.sessionWindowed(Serdes.string())).toEqualTypeOf<WindowedSerde<string>>();
    expectTypeOf<Parameters<typeof Serdes.from<string>>[0]>().toEqualTypeOf<CustomSerde<string>>();
    expectTypeOf<Parameters<typeof Serdes.json<string>>[0]>().toEqualTypeOf<
      JsonSchema<string> | undefined
    >();
    type Even = NamedBranches<string, number, { even: () => boolean }>;
    expectTypeOf<Even['even']>().toEqualTypeOf<KStream<string, number>>();
  });
});
