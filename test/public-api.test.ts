/**
 * What each door offers, by name: a name that appears or goes is a decision, made here. Types are covered by
 * `test/types` and by the programs of `test/package`.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const DOORS: { readonly [door: string]: readonly string[] } = {
  index: [
    'BranchedKStream',
    'GlobalKTable',
    'KGroupedStream',
    'KStream',
    'KTable',
    'KafkaStreams',
    'Record',
    'Serdes',
    'Stores',
    'StreamsBuilder',
    'StreamsError',
    'Topology',
    'TopologyException',
    'deadLetter',
    'failOnInvalidTimestamp',
    'logAndSkipOnInvalidTimestamp',
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
