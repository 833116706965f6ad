/**
 * Rows for people, at any width of the terminal. The first layout that fits: aligned columns; aligned columns closer
 * together; aligned columns of which the last one wraps; one block of lines per row. Nothing is ever cut off.
 */
import type { TextOutput } from '../command-io.js';
import { styleOf, type Style } from './style.js';
import { padded, printable, textWidth } from './text-width.js';
import { wrapped } from './text-wrap.js';

const GAP = '  ';
const SMALL_GAP = ' ';
/** A last column narrower than this is harder to read than blocks. */
const LAST_COLUMN_MIN = 20;

/** The rows as they fit on `output`. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  output: TextOutput,
): string {
  const cells = rows.map((row) => row.map(printable));
  const style = styleOf(output);
  const columns = output.terminal?.columns;
  const widths = header.map((name, column) =>
    cells.reduce((width, row) => Math.max(width, textWidth(row[column] ?? '')), textWidth(name)),
  );
  const total = widths.reduce((sum, width) => sum + width, 0);
  const last = widths.length - 1;
  const fits = (gap: string): boolean =>
    columns === undefined || total + last * gap.length <= columns;
  if (columns === undefined || fits(GAP)) return aligned(header, cells, widths, GAP, style);
  if (fits(SMALL_GAP)) return aligned(header, cells, widths, SMALL_GAP, style);
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0);
  const room = columns - before;
  if (room >= Math.max(LAST_COLUMN_MIN, textWidth(header[last] ?? '')))
    return aligned(
      header,
      wrappedLast(cells, last, room),
      [...widths.slice(0, last), room],
      GAP,
      style,
    );
  return blocks(header, cells, columns, style);
}

function aligned(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  gap: string,
  style: Style,
): string {
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join(gap)
      .trimEnd();
  return [style.heading(line(header)), ...rows.map(line)].map((text) => `${text}\n`).join('');
}

/** Each row as one or more rows, the others with nothing but the rest of the last cell. */
function wrappedLast(
  rows: readonly (readonly string[])[],
  last: number,
  width: number,
): string[][] {
  return rows.flatMap((row) => {
    const before = row.slice(0, last);
    const empty = before.map(() => '');
    return wrapped(row[last] ?? '', width).map((text, i) =>
      (i === 0 ? before : empty).concat(text),
    );
  });
}

function blocks(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
  style: Style,
): string {
  const nameWidth = Math.max(...header.map(textWidth));
  const room = Math.max(8, columns - nameWidth - GAP.length);
  // A cell with nothing in it needs no line.
  const block = (row: readonly string[]): string =>
    header
      .flatMap((name, column) =>
        (row[column] === '' ? [] : wrapped(row[column] ?? '', room)).map((text, i) =>
          `${i === 0 ? style.heading(padded(name, nameWidth)) : ' '.repeat(nameWidth)}${GAP}${text}`.trimEnd(),
        ),
      )
      .map((text) => `${text}\n`)
      .join('');
  return rows.map(block).join('\n');
}
