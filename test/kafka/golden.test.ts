/**
 * Our codecs against Kafka's own classes, byte for byte in both directions: random record batches and markers through
 * `MemoryRecords`, random values through Kafka's serdes. All questions of a test go to one Java process. The seed is
 * in the suite's name; `FC_SEED` sets it.
 */
import fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { assignOffset } from '../../src/log/batch-header.js';
import { buildControlBatch } from '../../src/log/record-batch.js';
import { batches, decodeText, encodeText, expectedRecords, timestamps } from './golden-batches.js';
import { SERDES, type Shown } from './golden-serdes.js';
import { kafkaSuite } from './kafka-suite.js';
import { readBatch } from './own-reading.js';

const GOLDEN = fileURLToPath(new URL('java/Golden.java', import.meta.url));
const BATCHES = 300;
const VALUES = 100;
const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);

const markers = fc.record({
  type: fc.constantFrom('COMMIT' as const, 'ABORT' as const),
  baseOffset: fc.nat(),
  leaderEpoch: fc.nat(),
  producerId: fc.maxSafeNat(),
  epoch: fc.nat(32_767),
  timestamp: timestamps,
});

kafkaSuite(`bytes made by Kafka and by us, seed ${seed}`, (java) => {
  const ask = async (questions: readonly object[]): Promise<Shown[]> => {
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('');
    const { output, errors } = await java.run(GOLDEN, [], input);
    expect(errors).toBe('');
    return output
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Shown);
  };
  /** What Kafka makes, and what it reads in our bytes. */
  const askBoth = async (
    make: readonly object[],
    read: readonly object[],
  ): Promise<[Shown[], Shown[]]> => {
    const answers = await ask([...make, ...read]);
    expect(answers.length).toBe(make.length + read.length);
    return [answers.slice(0, make.length), answers.slice(make.length)];
  };
  const bytesIn = (answer: Shown | undefined): Buffer =>
    Buffer.from(String(answer?.['bytes']), 'hex');

  it('record batches are the same', async () => {
    const given = fc.sample(batches, { numRuns: BATCHES, seed });
    const ours = given.map((batch) => encodeText(batch));
    const [made, read] = await askBoth(
      given.map((batch) => ({ make: 'batch', ...batch })),
      ours.map((batch) => ({ read: 'batch', bytes: batch.toString('hex') })),
    );
    expect(made.map(({ bytes }) => bytes)).toEqual(ours.map((batch) => batch.toString('hex')));
    expect(read).toEqual(made.map((answer) => decodeText(bytesIn(answer))));
    expect(read.map((batch) => batch['records'])).toEqual(given.map(expectedRecords));
  });

  it('batches with log append time are read as Kafka reads them', async () => {
    const given = fc.sample(batches, { numRuns: 50, seed });
    const question = { make: 'batch', appendTime: 1_700_000_000_123 };
    const made = await ask(given.map((batch) => Object.assign({}, question, batch)));
    const read = await ask(made.map(({ bytes }) => ({ read: 'batch', bytes })));
    expect(made.map((answer) => decodeText(bytesIn(answer)))).toEqual(read);
    expect(read[0]?.['timestampType']).toBe('LogAppendTime');
  });

  it('transaction markers are the same', async () => {
    const given = fc.sample(markers, { numRuns: BATCHES, seed });
    const ours = given.map(({ type, baseOffset, leaderEpoch, producerId, epoch, timestamp }) => {
      const control = type === 'COMMIT' ? 'commit' : 'abort';
      const marker = buildControlBatch(control, producerId, epoch, timestamp);
      assignOffset(marker, 0, baseOffset, leaderEpoch);
      return marker.toString('hex');
    });
    const [made, read] = await askBoth(
      given.map((marker) => ({ make: 'marker', ...marker })),
      ours.map((bytes) => ({ read: 'batch', bytes })),
    );
    expect(made.map(({ bytes }) => bytes)).toEqual(ours);
    const own = made.map((answer) => readBatch(bytesIn(answer), 0).records[0]?.marker);
    expect(own).toEqual(given.map(({ type }) => ({ type, coordinatorEpoch: 0 })));
    expect(read.map((batch) => batch['records'])).toMatchObject(
      given.map(({ type }) => [{ marker: type, coordinatorEpoch: 0 }]),
    );
  });

  it('values are the same in every serde', async () => {
    const questions = SERDES.flatMap((sample) => sample({ numRuns: VALUES, seed }));
    const [made, read] = await askBoth(
      questions.map(({ name, shown }) => ({ make: 'serde', serde: name, value: shown })),
      questions.map(({ name, bytes }) => ({ read: 'serde', serde: name, bytes })),
    );
    const label = (index: number, bytes: unknown): string =>
      `${questions[index]?.name} ${JSON.stringify(questions[index]?.shown)}: ${String(bytes)}`;
    expect(made.map(({ bytes }, index) => label(index, bytes))).toEqual(
      questions.map(({ bytes }, index) => label(index, bytes)),
    );
    expect(read.map(({ value }, index) => questions[index]?.comparable(value))).toEqual(
      questions.map(({ comparable, shown }) => comparable(shown)),
    );
    expect(questions.map(({ decoded }) => decoded)).toEqual(questions.map(({ shown }) => shown));
  });
});
