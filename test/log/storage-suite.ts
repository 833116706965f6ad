/**
 * What every `LogStorage` promises, whatever it is made of. `storageSuite` is run by the tests of each
 * implementation; what outlives a process is in the tests of the durable one.
 */
import { describe, expect, it } from 'vitest';
import { StreamsError } from '../../src/errors.js';
import { RecordBatchBuilder } from '../../src/log/record-batch.js';
import { RecordCursor } from '../../src/log/record-cursor.js';
import { assignOffset } from '../../src/log/batch-header.js';
import type { BatchRange } from '../../src/log/client.js';
import type {
  BatchEntry,
  JournalEntry,
  LogStorage,
  PartitionStorage,
  StorageHost,
} from '../../src/log/engine/storage.js';

export const NO_HOST: StorageHost = { replay: () => {}, snapshot: () => [] };

/** A batch of text records; record `i` has timestamp `timestamp + i`. */
export function batch(
  topicId: string,
  partition: number,
  baseOffset: number,
  values: readonly string[],
  timestamp = 1000,
): BatchEntry {
  const builder = new RecordBatchBuilder(256);
  for (const [i, value] of values.entries()) {
    const bytes = Buffer.from(value);
    builder.append(timestamp + i, null, 0, 0, bytes, 0, bytes.length);
  }
  const bytes = builder.seal();
  assignOffset(bytes, 0, baseOffset, 0);
  return {
    type: 'batch',
    topicId,
    partition,
    baseOffset,
    lastOffset: baseOffset + values.length - 1,
    maxTimestamp: timestamp + values.length - 1,
    bytes,
  };
}

export function topicCreated(
  topicId: string,
  topic: string,
  partitions = 1,
  config: Readonly<{ [name: string]: string }> = {},
): JournalEntry {
  return { type: 'topic-created', topicId, topic, partitions, config };
}

export function recordsOf(ranges: readonly BatchRange[]): string[] {
  const cursor = new RecordCursor();
  const records: string[] = [];
  for (const { bytes, start } of ranges) {
    cursor.reset(bytes, start);
    while (cursor.next()) records.push(`${cursor.offset}:${cursor.value()?.toString() ?? 'null'}`);
  }
  return records;
}

/** Every record of the partition, read in steps of at most `maxBytes`. */
export function readAll(partition: PartitionStorage, maxBytes = 1_048_576): string[] {
  const records: string[] = [];
  let offset = partition.startOffset;
  while (offset < partition.endOffset) {
    const found = recordsOf(partition.read(offset, partition.endOffset, maxBytes)).filter(
      (record) => Number(record.split(':')[0]) >= offset,
    );
    if (found.length === 0) break;
    records.push(...found);
    offset = Number(found.at(-1)!.split(':')[0]) + 1;
  }
  return records;
}

/** First and end offset of every segment. */
export function segmentsOf(partition: PartitionStorage): string[] {
  return partition
    .segments()
    .map(
      ({ baseOffset, endOffset, sealed }) => `${baseOffset}-${endOffset}${sealed ? '' : ' active'}`,
    );
}

/** Lets the storage work until the condition holds; a storage on a real disk takes its time. */
async function eventually(settle: () => Promise<void>, condition: () => boolean): Promise<void> {
  do {
    // oxlint-disable-next-line no-await-in-loop -- it is looked at between turns of the host's loop
    await settle();
    // oxlint-disable-next-line no-await-in-loop -- as above
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  } while (!condition());
}

export function synced(storage: LogStorage): Promise<void> {
  return new Promise((resolve, reject) => {
    storage.sync((error) => (error === undefined ? resolve() : reject(error)));
  });
}

export function failure(call: () => unknown): StreamsError {
  try {
    call();
  } catch (error) {
    if (error instanceof StreamsError) return error;
    throw error;
  }
  throw new Error('the call did not fail');
}

export interface StorageHarness {
  readonly storage: LogStorage;
  /** Lets the storage work until nothing is left to do. */
  settle(): Promise<void>;
  end(): Promise<void>;
}

export function storageSuite(name: string, make: () => StorageHarness): void {
  describe(`${name} as a log storage`, () => {
    const run = (title: string, body: (harness: StorageHarness) => Promise<void>) =>
      it(title, async () => {
        const harness = make();
        try {
          await body(harness);
        } finally {
          await harness.end();
        }
      });

    run(
      'a batch can be read as soon as it is appended, and after it is durable',
      async ({ storage, settle }) => {
        storage.append(topicCreated('t', 'topic'));
        storage.append(batch('t', 0, 0, ['a', 'b']));
        const partition = storage.partition('t', 0);
        expect(readAll(partition)).toEqual(['0:a', '1:b']);
        let told = 0;
        storage.sync((error) => {
          expect(error).toBeUndefined();
          told++;
        });
        await settle();
        expect(told).toBe(1);
        expect(readAll(partition)).toEqual(['0:a', '1:b']);
        expect(storage.pendingBytes).toBe(0);
      },
    );

    run(
      'syncs are answered in the order in which they were asked for',
      async ({ storage, settle }) => {
        storage.append(topicCreated('t', 'topic'));
        const told: number[] = [];
        for (let i = 0; i < 20; i++) {
          storage.append(batch('t', 0, i, [`${i}`]));
          storage.sync(() => {
            told.push(i);
            if (i === 3) storage.sync(() => told.push(100));
          });
        }
        await settle();
        expect(told.filter((i) => i < 100)).toEqual(Array.from({ length: 20 }, (_, i) => i));
        expect(told).toContain(100);
      },
    );

    run(
      'a read begins with the batch that contains the offset and stops before the end offset',
      async ({ storage, settle }) => {
        storage.append(topicCreated('t', 'topic', 2));
        const partition = storage.partition('t', 1);
        for (let i = 0; i < 10; i++) storage.append(batch('t', 1, i * 3, ['x', 'y', 'z']));
        const check = () => {
          expect(recordsOf(partition.read(4, 9, 1_000_000))).toEqual([
            '3:x',
            '4:y',
            '5:z',
            '6:x',
            '7:y',
            '8:z',
          ]);
          expect(recordsOf(partition.read(4, 10, 1))).toEqual(['3:x', '4:y', '5:z']);
          expect(partition.read(40, 100, 1)).toEqual([]);
          expect(partition.read(5, 3, 1)).toEqual([]);
        };
        check();
        storage.sync(() => {});
        await settle();
        check();
        storage.append(batch('t', 1, 30, ['new']));
        check();
        expect(recordsOf(partition.read(27, 31, 1_000_000)).slice(0, 3)).toEqual([
          '27:x',
          '28:y',
          '29:z',
        ]);
        expect(readAll(partition, 1).length).toBe(31);
        expect(readAll(storage.partition('t', 0))).toEqual([]);
      },
    );

    run(
      'a raised start hides what lies below, also beyond the end',
      async ({ storage, settle }) => {
        storage.append(topicCreated('t', 'topic'));
        const partition = storage.partition('t', 0);
        for (let i = 0; i < 6; i++) storage.append(batch('t', 0, i * 2, ['x', 'y']));
        storage.append({ type: 'log-start', topicId: 't', partition: 0, offset: 5 });
        expect(partition.startOffset).toBe(5);
        expect(readAll(partition)[0]).toBe('5:y');
        storage.sync(() => {});
        await settle();
        expect(readAll(partition)[0]).toBe('5:y');
        storage.append({ type: 'log-start', topicId: 't', partition: 0, offset: 20 });
        expect([partition.startOffset, partition.endOffset]).toEqual([20, 20]);
        storage.append(batch('t', 0, 20, ['again']));
        storage.sync(() => {});
        await settle();
        expect(readAll(partition)).toEqual(['20:again']);
      },
    );

    run(
      'the first record at or after a timestamp is found in memory and on disk',
      async ({ storage, settle }) => {
        storage.append(topicCreated('t', 'topic'));
        const partition = storage.partition('t', 0);
        const times = [100, 50, 300, 200, 400];
        for (const [i, time] of times.entries())
          storage.append(batch('t', 0, i * 2, ['x', 'y'], time));
        const check = () => {
          expect(partition.findTimestamp(0, 10)).toEqual({ offset: 0, timestamp: 100 });
          expect(partition.findTimestamp(101, 10)).toEqual({ offset: 1, timestamp: 101 });
          expect(partition.findTimestamp(102, 10)).toEqual({ offset: 4, timestamp: 300 });
          expect(partition.findTimestamp(302, 10)).toEqual({ offset: 8, timestamp: 400 });
          expect(partition.findTimestamp(302, 8)).toBeUndefined();
          expect(partition.findTimestamp(500, 10)).toBeUndefined();
        };
        check();
        storage.sync(() => {});
        await settle();
        check();
        storage.append({ type: 'log-start', topicId: 't', partition: 0, offset: 5 });
        expect(partition.findTimestamp(0, 10)).toEqual({ offset: 5, timestamp: 301 });
      },
    );

    run('a topic made anew under a name begins empty', async ({ storage, settle }) => {
      storage.append(topicCreated('t1', 'topic'));
      storage.append(batch('t1', 0, 0, ['old']));
      storage.sync(() => {});
      await settle();
      expect(readAll(storage.partition('t1', 0))).toEqual(['0:old']);
      storage.append({ type: 'topic-deleted', topicId: 't1' });
      storage.append(topicCreated('t2', 'topic'));
      storage.append(batch('t2', 0, 0, ['new']));
      expect(readAll(storage.partition('t2', 0))).toEqual(['0:new']);
      storage.sync(() => {});
      await settle();
      expect(readAll(storage.partition('t2', 0))).toEqual(['0:new']);
      expect(() => storage.partition('t1', 0)).toThrow('t1');
    });

    run('a segment ends at segment.bytes and at segment.ms', async ({ storage, settle }) => {
      const one = batch('t', 0, 0, ['x']).bytes.length;
      storage.append(
        topicCreated('t', 'topic', 1, { 'segment.bytes': String(3 * one), 'segment.ms': '1000' }),
      );
      const partition = storage.partition('t', 0);
      expect(partition.segments()).toEqual([]);
      const times = [5000, 5100, 5200, 5300, 6300, 6301, 4000, 9000];
      for (const [i, time] of times.entries()) {
        storage.append(batch('t', 0, i, ['x'], time));
        if (i % 3 === 0) storage.sync(() => {});
      }
      const check = () =>
        expect(segmentsOf(partition)).toEqual(['0-3', '3-5', '5-7', '7-8 active']);
      check();
      storage.sync(() => {});
      await settle();
      check();
      expect(partition.segments()[1]).toMatchObject({
        bytes: 2 * one,
        firstTimestamp: 5300,
        maxTimestamp: 6300,
      });
    });

    run(
      'a compacted segment is rolled after max.compaction.lag.ms, and jitter makes it earlier',
      async ({ storage }) => {
        storage.append(
          topicCreated('c', 'compacted', 1, {
            'cleanup.policy': 'compact',
            'max.compaction.lag.ms': '10',
          }),
        );
        storage.append(
          topicCreated('j', 'jittered', 1, { 'segment.ms': '1000', 'segment.jitter.ms': '900' }),
        );
        for (let i = 0; i < 40; i++) {
          storage.append(batch('c', 0, i, ['x'], i));
          storage.append(batch('j', 0, i, ['x'], i * 100));
        }
        expect(segmentsOf(storage.partition('c', 0))).toEqual([
          '0-11',
          '11-22',
          '22-33',
          '33-40 active',
        ]);
        expect(storage.partition('j', 0).segments().length).toBeGreaterThan(4);
      },
    );

    run('a rolled segment takes nothing more', async ({ storage, settle }) => {
      storage.append(topicCreated('t', 'topic'));
      const partition = storage.partition('t', 0);
      partition.roll();
      storage.append(batch('t', 0, 0, ['a', 'b']));
      partition.roll();
      partition.roll();
      expect(segmentsOf(partition)).toEqual(['0-2']);
      storage.sync(() => {});
      await settle();
      storage.append(batch('t', 0, 2, ['c']));
      expect(segmentsOf(partition)).toEqual(['0-2', '2-3 active']);
      storage.append({ type: 'log-start', topicId: 't', partition: 0, offset: 3 });
      expect(segmentsOf(partition)).toEqual(['2-3 active']);
      partition.roll();
      expect(segmentsOf(partition)).toEqual([]);
      storage.sync(() => {});
      await settle();
      storage.append(batch('t', 0, 3, ['d']));
      storage.sync(() => {});
      await settle();
      expect(segmentsOf(partition)).toEqual(['3-4 active']);
      expect(readAll(partition)).toEqual(['3:d']);
    });

    run('a changed config is in force from the next batch on', async ({ storage, settle }) => {
      storage.append(topicCreated('t', 'topic', 1, { 'segment.ms': '1000' }));
      const partition = storage.partition('t', 0);
      for (let i = 0; i < 4; i++) storage.append(batch('t', 0, i, ['x'], i * 100));
      storage.append({ type: 'topic-config', topicId: 't', config: { 'segment.ms': '100' } });
      for (let i = 4; i < 8; i++) storage.append(batch('t', 0, i, ['x'], i * 100));
      storage.append({ type: 'topic-config', topicId: 't', config: {} });
      for (let i = 8; i < 12; i++) storage.append(batch('t', 0, i, ['x'], i * 100));
      const check = () => expect(segmentsOf(partition)).toEqual(['0-4', '4-6', '6-12 active']);
      check();
      storage.sync(() => {});
      await settle();
      check();
    });

    run('partitions that are added later begin empty', async ({ storage, settle }) => {
      storage.append(topicCreated('t', 'topic', 1, { 'segment.ms': '100' }));
      storage.append(batch('t', 0, 0, ['a']));
      storage.append({ type: 'topic-partitions', topicId: 't', partitions: 3 });
      storage.append(batch('t', 2, 0, ['b'], 0));
      storage.append(batch('t', 2, 1, ['c'], 200));
      storage.sync(() => {});
      await settle();
      expect(readAll(storage.partition('t', 0))).toEqual(['0:a']);
      expect(readAll(storage.partition('t', 1))).toEqual([]);
      expect(readAll(storage.partition('t', 2))).toEqual(['0:b', '1:c']);
      expect(segmentsOf(storage.partition('t', 2))).toEqual(['0-1', '1-2 active']);
      expect(() => storage.partition('t', 3)).toThrow('partition 3');
    });

    run(
      'segments are replaced by what is left of their batches, for every reader at once',
      async ({ storage, settle }) => {
        storage.append(topicCreated('t', 'topic'));
        const partition = storage.partition('t', 0);
        for (let i = 0; i < 8; i++) {
          storage.append(batch('t', 0, i * 2, [`v${i}`, `w${i}`], 1000 * (i + 1)));
          if (i % 2 === 1) partition.roll();
        }
        storage.checkpoint();
        await eventually(settle, () => partition.replaceableTo === 16);
        const sources = partition.segments().slice(1, 3);
        const batches = [...partition.read(4, 8, 1_000_000), ...partition.read(8, 12, 1_000_000)];
        const replacement = storage.replace('t', 0, sources);
        for (const i of [1, 3]) replacement.append(batches[i]!);
        const before = readAll(partition);
        expect(before).toHaveLength(16);
        const told: unknown[] = [];
        replacement.finish(12, (error) => told.push(error));
        await eventually(settle, () => told.length > 0);
        expect(told).toEqual([undefined]);
        expect(partition.cleanedTo).toBe(12);
        expect(segmentsOf(partition)).toEqual(['0-4', '4-12', '12-16']);
        const left = before.filter((record) => !/[vw][24]$/.test(record));
        expect(readAll(partition)).toEqual(left);
        expect(readAll(partition, 1)).toEqual(left);
        // A position where nothing is left leads to the next batch.
        expect(recordsOf(partition.read(4, 16, 1))).toEqual(['6:v3', '7:w3']);
        expect(recordsOf(partition.read(9, 16, 1))).toEqual(['10:v5', '11:w5']);
        expect(partition.read(8, 10, 1)).toEqual([]);
        expect(partition.findTimestamp(3000, 16)).toEqual({ offset: 6, timestamp: 4000 });
        expect(partition.findTimestamp(4002, 16)).toEqual({ offset: 10, timestamp: 6000 });
        storage.append(batch('t', 0, 16, ['new']));
        storage.sync(() => {});
        await settle();
        expect(readAll(partition)).toEqual([...left, '16:new']);
      },
    );

    run(
      'a replacement without batches leaves nothing of its segments',
      async ({ storage, settle }) => {
        storage.append(topicCreated('t', 'topic'));
        const partition = storage.partition('t', 0);
        for (let i = 0; i < 3; i++) {
          storage.append(batch('t', 0, i, [`v${i}`]));
          partition.roll();
        }
        storage.checkpoint();
        await eventually(settle, () => partition.replaceableTo === 3);
        storage.replace('t', 0, partition.segments().slice(0, 2)).finish(2, () => {});
        await eventually(settle, () => !storage.replacing);
        expect(readAll(partition)).toEqual(['2:v2']);
        expect(partition.findTimestamp(0, 3)).toEqual({ offset: 2, timestamp: 1000 });
      },
    );

    run(
      'a replacement comes to nothing when it is abandoned, or its segments go meanwhile',
      async ({ storage, settle }) => {
        for (const id of ['t', 'u']) {
          storage.append(topicCreated(id, `topic-${id}`));
          for (let i = 0; i < 4; i++) {
            storage.append(batch(id, 0, i, [`v${i}`]));
            storage.partition(id, 0).roll();
          }
        }
        storage.checkpoint();
        await eventually(settle, () => storage.partition('u', 0).replaceableTo === 4);
        const partition = storage.partition('t', 0);
        const began = (id: string) => {
          const { [0]: first, [1]: second } = storage.partition(id, 0).segments();
          const replacement = storage.replace(id, 0, [first!, second!]);
          replacement.append(storage.partition(id, 0).read(0, 1, 1)[0]!);
          return replacement;
        };
        began('t').abandon();
        await eventually(settle, () => !storage.replacing);
        expect(readAll(partition)).toHaveLength(4);

        const trimmed = began('t');
        storage.append({ type: 'log-start', topicId: 't', partition: 0, offset: 1 });
        storage.sync(() => {});
        await settle();
        const errors: (string | undefined)[] = [];
        trimmed.finish(2, (error) => errors.push(error?.code));
        await eventually(settle, () => !storage.replacing);
        expect(readAll(partition)).toEqual(['1:v1', '2:v2', '3:v3']);

        const deleted = began('u');
        storage.append({ type: 'topic-deleted', topicId: 'u' });
        storage.append(topicCreated('u2', 'topic-u'));
        storage.append(batch('u2', 0, 0, ['again']));
        storage.sync(() => {});
        await eventually(settle, () => deleted.ended && !storage.replacing);
        deleted.finish(2, (error) => errors.push(error?.code));
        expect(errors).toEqual(['INVALID_STATE', 'INVALID_STATE']);
        expect(readAll(storage.partition('u2', 0))).toEqual(['0:again']);
      },
    );

    run('a closed storage refuses to write', async ({ storage, settle }) => {
      storage.append(topicCreated('t', 'topic'));
      const closed = storage.close();
      await settle();
      await closed;
      expect(failure(() => storage.append(batch('t', 0, 0, ['x']))).code).toBe('LOG_CLOSED');
    });
  });
}
