/**
 * The cleaner in a log that is used meanwhile: crashes at every call, full disks, readers, deletions, closing. The
 * life and its model are those of `compacted-life.ts`. `CRASH_SEED` runs others.
 */
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/env/seeded-random.js';
import { SimulatedCrash } from '../../../src/env/simulated-files.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';
import { expectWhole } from '../inspect/whole-log.js';
import { CompactedLife, type LifeOptions } from './compacted-life.js';

const SEED = Number(process.env.CRASH_SEED ?? 1);
const DURABLE: LifeOptions = { durable: true, keys: 6 };

/** A life after some steps, all of it durable, with something to clean. */
async function dirtyLife(options: LifeOptions, seed = SEED, steps = 40): Promise<CompactedLife> {
  const life = new CompactedLife(new SeededRandom(seed), options);
  await life.open();
  for (let step = 0; step < steps; step++) {
    await life.step(); // oxlint-disable-line no-await-in-loop -- a life is one step after the other
    if (step % 4 === 0) life.put();
  }
  await life.decide();
  for (let i = 0; i < 6; i++) life.put();
  await life.flush();
  return life;
}

const cleanedFiles = (life: CompactedLife) =>
  life.env.files.paths().filter((path) => path.endsWith('.cleaned'));

describe('a cleaning', () => {
  it('that crashes at any call loses nothing, and the next one finishes it', async () => {
    let crashes = 0;
    for (let at = 0; ; at++) {
      const life = await dirtyLife(DURABLE); // oxlint-disable-line no-await-in-loop -- one crash after the other
      const first = life.env.files.operations;
      life.env.files.inject(({ index }) => (index === first + at ? 'crash' : undefined));
      try {
        await life.clean(); // oxlint-disable-line no-await-in-loop -- as above
        break;
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw error;
        crashes++;
      }
      const context = `seed ${SEED}, crash at call ${at} of a cleaning`;
      try {
        /* oxlint-disable no-await-in-loop -- as above */
        await life.revive();
        await life.check();
        expect(cleanedFiles(life)).toEqual([]);
        await life.clean();
        await life.check();
        await life.env.run(life.engine.close());
        await expectWhole(life.env.files, context);
        /* oxlint-enable no-await-in-loop */
      } catch (error) {
        throw new Error(context, { cause: error });
      }
    }
    expect(crashes).toBeGreaterThan(15);
  }, 120_000);

  it.each(['ENOSPC', 'EIO'] as const)(
    'that fails with %s at any call is given up and tried again; the log goes on',
    async (fault) => {
      let failures = 0;
      for (let at = 0; ; at++) {
        const life = await dirtyLife({ ...DURABLE, deleteRetentionMs: 1e12 }, SEED + 7); // oxlint-disable-line no-await-in-loop -- one after the other
        let calls = 0;
        let failed = false;
        life.env.files.inject(({ path, kind }) => {
          if (!path.endsWith('.cleaned') || kind === 'rename' || kind === 'remove')
            return undefined;
          if (calls++ !== at) return undefined;
          failed = true;
          return fault;
        });
        /* oxlint-disable no-await-in-loop -- as above */
        await life.clean();
        await life.check();
        if (!failed) break;
        failures++;
        expect(cleanedFiles(life)).toEqual([]);
        life.env.files.inject(undefined);
        life.put();
        await life.flush();
        await life.check();
        life.env.advance(5_000_000_000);
        await life.clean();
        await life.check();
        expect(life.partition.storage.cleanedTo).toBe(life.partition.endOffset);
        await life.env.run(life.engine.close());
        await expectWhole(life.env.files, `seed ${SEED + 7}, ${fault} at call ${at}`);
        /* oxlint-enable no-await-in-loop */
      }
      expect(failures).toBeGreaterThan(6);
    },
    60_000,
  );

  it('ends with the log, and the directory is free', async () => {
    const life = await dirtyLife(DURABLE);
    const cleaned = life.engine.broker.cleaner.cleanNow();
    for (let turns = 0; turns < 6; turns++) life.env.advance(1);
    await life.env.run(life.engine.close());
    await life.env.run(cleaned);
    expect(cleanedFiles(life)).toEqual([]);
    await life.revive();
    await life.check();
  });

  it('ends with its topic, which can be made anew at once', async () => {
    for (let turns = 0; turns < 30; turns += 2) {
      const life = await dirtyLife(DURABLE); // oxlint-disable-line no-await-in-loop -- one after the other
      const { broker } = life.engine;
      const cleaned = broker.cleaner.cleanNow();
      for (let turn = 0; turn < turns; turn++) life.env.advance(1);
      broker.deleteTopic(broker.topics.get('c'));
      broker.createTopics([{ topic: 'c', partitions: 1 }], false);
      /* oxlint-disable no-await-in-loop -- as above */
      await life.flush();
      await life.env.run(cleaned);
      expect(cleanedFiles(life)).toEqual([]);
      expect(life.partition.endOffset).toBe(0);
      await life.env.run(life.engine.close());
      await expectWhole(life.env.files, `seed ${SEED}, deleted after ${turns} turns`);
      /* oxlint-enable no-await-in-loop */
    }
  }, 60_000);

  it('gives way to a start that is raised meanwhile', async () => {
    for (const durable of [false, true]) {
      const life = await dirtyLife({ ...DURABLE, durable }); // oxlint-disable-line no-await-in-loop -- one after the other
      const cleaned = life.engine.broker.cleaner.cleanNow();
      const offset = Math.floor(life.partition.endOffset / 2);
      for (let turn = 0; turn < 4; turn++) life.env.advance(1);
      life.engine.broker.deleteRecords(life.partition, offset);
      /* oxlint-disable no-await-in-loop -- as above */
      await life.flush();
      await life.env.run(cleaned);
      const seen = await life.visible('read_committed');
      /* oxlint-enable no-await-in-loop */
      expect(seen.every((record) => record.offset >= offset)).toBe(true);
    }
  });
});

describe('a consumer beside the cleaner', () => {
  it('sees every surviving record once, wherever it stands', async () => {
    for (const durable of [false, true]) {
      for (let delay = 0; delay < 24; delay++) {
        const life = await dirtyLife({ durable, keys: 6 }, SEED + delay); // oxlint-disable-line no-await-in-loop -- one after the other
        const consumer = life.engine.consumer({
          isolation: 'read_committed',
          maxPartitionBytes: 1,
        });
        const place = { topic: 'c', partition: 0 };
        consumer.assign([place]);
        consumer.seek(place, 0);
        const cleaned = life.engine.broker.cleaner.cleanNow();
        for (let turn = 0; turn < delay; turn++) life.env.advance(1);
        const seen: number[] = [];
        const cursor = new RecordCursor();
        /* oxlint-disable no-await-in-loop -- as above */
        for (let position = 0; position < life.partition.lastStableOffset;) {
          const [fetched] = await life.env.run(consumer.poll(0));
          position = fetched!.nextOffset;
          for (const { bytes, start } of fetched!.batches) {
            cursor.reset(bytes, start);
            while (cursor.next()) seen.push(cursor.offset);
          }
          life.env.advance(1);
        }
        await life.env.run(cleaned);
        const survivors = await life.visible('read_committed');
        /* oxlint-enable no-await-in-loop */
        expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
        const had = new Set(seen);
        expect(survivors.filter(({ offset }) => !had.has(offset))).toEqual([]);
      }
    }
  }, 60_000);
});
