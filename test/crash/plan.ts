/**
 * What all parts of the crash harness agree on: the lines of a seed, where each line goes, and the program under test.
 * Line i is record floor(i / partitions) of partition i mod partitions, so a producer that was killed knows from the
 * end offsets alone where to go on.
 */
import { Serdes, StreamsBuilder } from 'millrace';

export const PARTITIONS = 3;
export const INPUT = 'streams-plaintext-input';
export const OUTPUT = 'streams-wordcount-output';
export const APPLICATION = 'streams-wordcount';

/** xorshift32: a seed says everything. */
export function generator(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** One to six words of a thousand, the first ones much more often. */
export function linesOf(seed: number, count: number): string[] {
  const next = generator(seed);
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 1 + (next() % 6) }, () => {
      const range = 1 + (next() % 1000);
      return `w${next() % range}`;
    });
    return words.join(' ');
  });
}

export function naiveCounts(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

export function wordCount() {
  const builder = new StreamsBuilder();
  const counts = builder
    .stream(INPUT, { value: Serdes.string() })
    .flatMapValues((line) => line.split(' '))
    .groupBy((_key, word) => word, { key: Serdes.string(), value: Serdes.string() })
    .count({ as: 'counts-store' });
  counts.toStream().to(OUTPUT);
  return { builder, counts };
}
