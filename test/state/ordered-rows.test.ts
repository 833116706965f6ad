/** Iteration by key while rows come and go between the scans, few and many at a time: against a sorted list. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { LayeredTable } from '../../src/state/layered-table.js';
import { OrderedRows } from '../../src/state/ordered-rows.js';

const seed = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };

const step = fc.record({
  puts: fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 40 }),
  deletes: fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 40 }),
  end: fc.constantFrom('promote', 'rollback', 'none'),
});

const name = (key: number): string => String(key).padStart(2, '0');

it('shows the rows that have a value, in the order of their keys', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const table = new LayeredTable();
      const ordered = new OrderedRows(table, (row) => Buffer.from(row.id as string));
      let committed = new Set<string>();
      let there = new Set<string>();
      for (const { puts, deletes, end } of steps) {
        for (const key of puts.map(name)) {
          table.layers.write(table.find(key) ?? table.add(key, undefined), 'v', 1, false);
          there.add(key);
        }
        for (const key of deletes.map(name)) {
          const row = table.find(key);
          if (row !== undefined) table.layers.write(row, undefined, -1, false);
          there.delete(key);
        }
        if (end === 'promote') committed = new Set(there);
        if (end === 'rollback') there = new Set(committed);
        if (end !== 'none') table.layers[end]();
        const all = [...there].sort();
        expect(ordered.range(undefined, undefined).map(({ id }) => id)).toEqual(all);
        const withPrefix = ordered.withPrefix(Buffer.from('5')).map(({ id }) => id);
        expect(withPrefix).toEqual(all.filter((key) => key.startsWith('5')));
      }
    }),
    seed,
  );
});
