/** Where a record goes and what it is as bytes: Java's partitions, partitioners, and what a scope keeps. */
import { describe, expect, it } from 'vitest';
import type { StreamPartitioner } from '../../src/processor/collector.js';
import { EncodingCollector } from '../../src/processor/encoding-collector.js';
import { ScopedCollector } from '../../src/processor/scoped-collector.js';
import type { Serde } from '../../src/serde/serde.js';
import { Serdes } from '../../src/serde/serdes.js';
import { capturing, type Captured } from './task-harness.js';

const text = Serdes.string();
// A collector never asks a serde for the bytes of null.
const nullableText = text as unknown as Serde<string | null>;

function sent(
  partitions: number,
  key: string | null,
  value: string | null,
  partitioner?: StreamPartitioner,
): Captured[] {
  const records: Captured[] = [];
  capturing(records, partitions).send(
    't',
    key,
    value,
    1,
    [],
    nullableText,
    nullableText,
    partitioner,
  );
  return records;
}

describe('a collector', () => {
  it('picks the partition of a key as Java does', () => {
    // Utils.toPositive(Utils.murmur2(key)) % 10 of the golden hashes in Kafka's UtilsTest.
    const hashes = { '21': -973932308, foobar: -790332482 };
    for (const [key, hash] of Object.entries(hashes)) {
      expect(sent(10, key, 'v')[0]!.partition).toBe((hash & 0x7fffffff) % 10);
    }
  });

  it('keeps records without key together for a batch, then goes on to the next partition', () => {
    const records: Captured[] = [];
    const collector = capturing(records, 3);
    for (let i = 0; i < 40; i++)
      collector.send('t', null, 'x'.repeat(1000), 1, [], nullableText, text, undefined);
    const partitions = records.map(({ partition }) => partition);
    expect([...new Set(partitions)]).toEqual([0, 1, 2]);
    expect(partitions.slice(0, 16)).toEqual(new Array(16).fill(0));
  });

  it('asks the partitioner: one, several, none, or the default', () => {
    const chosen = (partitioner: StreamPartitioner) =>
      sent(4, 'k', 'v', partitioner).map(({ partition }) => partition);
    expect(chosen((_topic, _key, _value, partitions) => partitions - 1)).toEqual([3]);
    expect(chosen(() => [0, 2])).toEqual([0, 2]);
    expect(chosen(() => [])).toEqual([]);
    expect(chosen(() => undefined)).toEqual(sent(4, 'k', 'v').map(({ partition }) => partition));
    expect(() => chosen(() => 4)).toThrow(expect.objectContaining({ code: 'UNKNOWN_PARTITION' }));
  });

  it('says which part of which topic could not be serialized', () => {
    expect(() => sent(1, 5 as unknown as string, 'v')).toThrow(
      expect.objectContaining({
        code: 'SERIALIZE_FAILED',
        message: expect.stringContaining('the key for topic t'),
      }),
    );
  });

  it('opens an output once until it is told to forget', () => {
    let opened = 0;
    const collector = new EncodingCollector(() => {
      opened++;
      return { partitions: 1, append: () => undefined };
    });
    const send = () => collector.send('t', 'k', 'v', 1, [], text, text, undefined);
    send();
    send();
    expect(opened).toBe(1);
    collector.forgetOutputs();
    send();
    expect(opened).toBe(2);
  });
});

describe('a record scope', () => {
  it('keeps what is sent, as bytes, until it is merged, in order', () => {
    const records: Captured[] = [];
    const scope = new ScopedCollector(capturing(records));
    const key = Buffer.from('changelog');
    scope.open();
    scope.send('t', 'k', '1', 1, [], text, text, undefined);
    scope.sendBytes('c', 0, key, null, 2, []);
    scope.send('t', 'k', '2', 3, [], text, text, undefined);
    key.fill(0);
    expect(records).toEqual([]);
    scope.merge();
    expect(records.map(({ topic, key: sentKey, value }) => [topic, sentKey, value])).toEqual([
      ['t', 'k', '1'],
      ['c', 'changelog', null],
      ['t', 'k', '2'],
    ]);
    scope.send('t', 'k', '3', 4, [], text, text, undefined);
    expect(records.length).toBe(4);
  });

  it('forgets what is dropped', () => {
    const records: Captured[] = [];
    const scope = new ScopedCollector(capturing(records));
    scope.open();
    scope.send('t', 'k', '1', 1, [], text, text, undefined);
    scope.drop();
    scope.open();
    scope.merge();
    expect(records).toEqual([]);
  });
});
