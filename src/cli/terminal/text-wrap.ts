/** Text in lines that are no wider than a terminal. Nothing is left out: what is too long goes on in the next line. */
import { beginning, textWidth } from './text-width.js';

/** Breaks between words; a word that is wider than a line is cut. At least one line. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (textWidth(line) > width) {
      const part = beginning(line, width);
      lines.push(part);
      line = line.slice(part.length);
    }
  }
  lines.push(line);
  return lines;
}

/** Pairs in two columns, or below each other when the terminal is too narrow for that. */
export function definitions(
  pairs: readonly (readonly [term: string, text: string])[],
  width: number,
): string {
  const termWidth = Math.max(0, ...pairs.map(([term]) => textWidth(term)));
  const room = width - termWidth - 4;
  if (room < 24) {
    return pairs
      .map(
        ([term, text]) =>
          `  ${term}\n${wrapped(text, Math.max(10, width - 6))
            .map((line) => `      ${line}\n`)
            .join('')}`,
      )
      .join('');
  }
  return pairs
    .map(([term, text]) =>
      wrapped(text, room)
        .map((line, i) =>
          `  ${i === 0 ? term + ' '.repeat(termWidth - textWidth(term)) : ' '.repeat(termWidth)}  ${line}`.trimEnd(),
        )
        .join('\n'),
    )
    .map((lines) => `${lines}\n`)
    .join('');
}
