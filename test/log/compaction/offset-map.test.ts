/** The cleaner's map of keys against a plain one. `COMPACTION_SEED` runs other examples. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesForKeys, OffsetMap } from '../../../src/log/engine/compaction/offset-map.js';

const SEED = Number(process.env.COMPACTION_SEED ?? 1);

describe('an offset map', () => {
  it('knows the last offset of each key, until it is full', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (keys, room) => {
          const map = new OffsetMap(bytesForKeys(room), 99);
          const model = new Map<string, number>();
          let offset = 2 ** 40;
          for (const key of keys) {
            if (map.full) break;
            const name = Buffer.from(key).toString('hex');
            expect(map.get(key, 0, key.length)).toBe(model.get(name) ?? -1);
            map.put(key, 0, key.length, offset);
            model.set(name, offset);
            expect(map.latestOffset).toBe(offset++);
          }
          expect(map.size).toBe(model.size);
          if (map.full) expect(map.size).toBeGreaterThanOrEqual(room);
          for (const [name, last] of model) {
            const key = Buffer.from(`--${name}`, 'utf8');
            const bytes = Buffer.concat([key.subarray(0, 2), Buffer.from(name, 'hex')]);
            expect(map.get(bytes, 2, bytes.length)).toBe(last);
          }
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('has room for at least one key, however little memory it gets', () => {
    const map = new OffsetMap(0, -1);
    expect(map.full).toBe(false);
    map.put(Buffer.from('k'), 0, 1, 7);
    expect(map.full).toBe(true);
    expect([map.get(Buffer.from('k'), 0, 1), map.get(Buffer.from('x'), 0, 1)]).toEqual([7, -1]);
    expect(map.latestOffset).toBe(7);
  });
});
