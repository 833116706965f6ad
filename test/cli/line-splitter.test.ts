/** Lines come out of chunks as they would out of the whole text. `LINES_SEED` runs other examples. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from '../../src/cli/records/line-splitter.js';

const SEED = Number(process.env['LINES_SEED'] ?? 1);

test('lines do not depend on where the chunks end', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r\n', 'ü'), maxLength: 60 });
  fc.assert(
    fc.property(
      text,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (whole, sizes) => {
        const bytes = Buffer.from(whole);
        const splitter = new LineSplitter();
        const lines: string[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length]!;
          lines.push(...splitter.split(bytes.subarray(at, at + size)).map(String));
          at += size;
        }
        lines.push(...splitter.rest().map(String));
        const expected = whole.split(/\r?\n/);
        if (expected.at(-1) === '') expected.pop();
        expect(lines).toEqual(expected);
      },
    ),
    { seed: SEED },
  );
});
