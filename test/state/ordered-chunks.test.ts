/** The sorted list in chunks against a plain sorted array. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { OrderedChunks } from '../../src/state/ordered-chunks.js';

const seed = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };

it('inserts, removes and finds as a sorted array does, in any order and over many chunks', () => {
  const items = fc.uniqueArray(fc.integer({ min: 0, max: 2000 }), { maxLength: 800 });
  const probes = fc.array(fc.integer({ min: -5, max: 2005 }), { minLength: 5, maxLength: 20 });
  fc.assert(
    fc.property(items, fc.nat(100), probes, (added, kept, asked) => {
      const list = new OrderedChunks<number>((left, right) => left - right);
      for (const item of added) list.insert(item);
      const gone = added.filter((item) => item % 101 > kept);
      for (const item of gone) list.remove(item);
      list.remove(-1);
      const expected = added.filter((item) => item % 101 <= kept).sort((a, b) => a - b);
      expect([...list]).toEqual(expected);
      expect([list.size, list.first()]).toEqual([expected.length, expected[0]]);
      for (const probe of asked) {
        expect(list.find(probe)).toBe(expected.find((item) => item === probe));
        expect(list.next(probe)).toBe(expected.find((item) => item > probe));
        expect(list.floor(probe)).toBe(expected.findLast((item) => item <= probe));
        expect(list.between(probe, probe + 300)).toEqual(
          expected.filter((item) => item >= probe && item <= probe + 300),
        );
      }
    }),
    { numRuns: 100, ...seed },
  );
});
