/**
 * Compressed batches: what Java's client writes is read by us, and what we write is read by Kafka's classes, in every
 * codec and at levels of all kinds. One Java process answers all. The batches in `test/log/compression/golden/java-batches.json`
 * were made here (`GOLDEN_WRITE=1`), for tests that have no Java.
 */
import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { CompressionType } from '../../src/log/client.js';
import { zstdParts } from '../../src/log/compression/zstd.js';
import type { BatchCompression } from '../../src/log/record-batch.js';
import {
  batches,
  decodeText,
  encodeText,
  expectedRecords,
  type TextBatch,
} from './golden-batches.js';
import type { Shown } from './golden-serdes.js';
import { kafkaSuite } from './kafka-suite.js';

const GOLDEN = fileURLToPath(new URL('java/Golden.java', import.meta.url));
const FIXTURES = fileURLToPath(
  new URL('../log/compression/golden/java-batches.json', import.meta.url),
);
const BATCHES = 25;
const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);

type Codec = Exclude<CompressionType, 'none'>;
const LEVELS: readonly (readonly [Codec, number | undefined])[] = [
  ['gzip', undefined],
  ['gzip', 1],
  ['gzip', 9],
  ['snappy', undefined],
  ['lz4', undefined],
  ['lz4', 17],
  ['zstd', undefined],
  ['zstd', -5],
  ['zstd', 19],
];

/** Large enough for several blocks of every framing. */
const large = (text: (index: number) => string): TextBatch => ({
  baseOffset: 7,
  leaderEpoch: 0,
  producerId: -1,
  epoch: -1,
  sequence: -1,
  transactional: false,
  records: Array.from({ length: 2500 }, (_, i) => ({
    timestamp: 1_700_000_000_000 + i,
    key: Buffer.from(`key ${i % 31}`).toString('hex'),
    value: Buffer.from(text(i)).toString('hex'),
    headers: [],
  })),
});
const repetitive = large((i) => `{"order":${i},"item":"phone","customer":"han-${i % 100}"}`);
const noisy = large((i) => ((i * 2_654_435_761) >>> 0).toString(36).repeat(1 + (i % 3)));

kafkaSuite(`compressed batches made by Kafka and by us, seed ${seed}`, (java) => {
  it('are read by the other one', async () => {
    const questions: object[] = [];
    const given: TextBatch[] = [];
    const labels: string[] = [];
    const ask = (batch: TextBatch, type: Codec, level: number | undefined): void => {
      given.push(batch);
      labels.push(`${type} ${level ?? ''}`);
      const compression = { compression: type, ...(level === undefined ? {} : { level }) };
      questions.push({ make: 'batch', ...compression, ...batch });
    };
    for (const [type, level] of LEVELS) {
      const random = fc.sample(batches, { numRuns: BATCHES, seed });
      for (const batch of [...random, repetitive, noisy]) ask(batch, type, level);
    }
    const asked = questions.length;
    const ours: TextBatch[] = [];
    for (const [type, level] of LEVELS) {
      if (type === 'zstd' && zstdParts().compress === undefined) continue;
      const compression: BatchCompression = { type, level, place: {} };
      for (const batch of [...given.slice(0, BATCHES), repetitive, noisy]) {
        ours.push(batch);
        const bytes = encodeText(batch, compression).toString('hex');
        questions.push({ read: 'batch', bytes });
      }
    }
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('');
    const { output, errors } = await java.run(GOLDEN, [], input);
    expect(errors).toBe('');
    const answers = output.toString().trim().split('\n');
    expect(answers.length).toBe(questions.length);

    const made = answers.slice(0, asked).map((line) => JSON.parse(line) as Shown);
    for (const [index, answer] of made.entries()) {
      const bytes = Buffer.from(String(answer['bytes']), 'hex');
      const shown = decodeText(bytes);
      expect([labels[index], shown['records']]).toEqual([
        labels[index],
        expectedRecords(given[index] ?? repetitive),
      ]);
      expect(labels[index]).toContain(String(shown['compression']));
    }
    const read = answers.slice(asked).map((line) => JSON.parse(line) as Shown);
    for (const [index, batch] of ours.entries()) {
      expect(read[index]?.['isValid']).toBe(true);
      expect(read[index]?.['records']).toEqual(expectedRecords(batch));
    }
    if (process.env['GOLDEN_WRITE'] === '1') writeFileSync(FIXTURES, fixtures(labels, made, given));
  });
});

/** Of every codec at its own level: the small batches, and the one that fills several blocks. */
function fixtures(labels: string[], made: Shown[], given: TextBatch[]): string {
  const kept = [];
  for (const [index, label] of labels.entries()) {
    const [type, level] = label.split(' ');
    const batch = given[index];
    const bytes = Buffer.from(String(made[index]?.['bytes']), 'hex').toString('base64');
    if (batch === undefined || level !== '') continue;
    const records = expectedRecords(batch);
    if (JSON.stringify(records).length < 4000) kept.push({ type, bytes, records });
    if (batch === repetitive) kept.push({ type, bytes, count: records.length });
  }
  return `[\n${kept.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`;
}
