/**
 * Our codecs against Kafka's own classes, byte for byte in both directions: random record batches and markers through
 * `MemoryRecords`, random values through Kafka's serdes. All questions of a test go to one Java process. The seed is
 * in the suite's name; `FC_SEED` sets it.
 */
import fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { assignOffset, verifyBatch } from '../../src/log/batch-header.js';
import { buildControlBatch, RecordBatchBuilder } from '../../src/log/record-batch.js';
import { RecordCursor } from '../../src/log/record-cursor.js';
import { SERDES, type Shown } from './golden-serdes.js';
import { kafkaSuite } from './kafka-suite.js';
import { readBatch } from './own-reading.js';

const GOLDEN = fileURLToPath(new URL('java/Golden.java', import.meta.url));
const BATCHES = 300;
const VALUES = 100;
const MAX_TIMESTAMP = 2 ** 52 - 1;
const INT32_MAX = 2 ** 31 - 1;
const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);

/** Keys and values are hex, as they travel. */
interface TextRecord {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}

interface TextBatch {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly producerId: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly transactional: boolean;
  readonly records: readonly TextRecord[];
}

const hexOf = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('hex'));
const bytesOf = (maxLength: number): fc.Arbitrary<string | null> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 8, arbitrary: hexOf(maxLength) },
    { weight: 1, arbitrary: fc.nat(20_000).map((length) => '5a'.repeat(length)) },
  );
const timestamps = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.integer({ min: 0, max: MAX_TIMESTAMP }),
  fc.constantFrom(0, 1, MAX_TIMESTAMP),
);
const records: fc.Arbitrary<TextRecord> = fc.record({
  timestamp: timestamps,
  key: bytesOf(80),
  value: bytesOf(200),
  headers: fc.oneof(
    fc.constant([]),
    fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: bytesOf(70) }), {
      maxLength: 4,
    }),
  ),
});
const producers = fc.oneof(
  fc.constant({ producerId: -1, epoch: -1, sequence: -1, transactional: false }),
  fc.record({
    producerId: fc.maxSafeNat(),
    epoch: fc.nat(32_767),
    // Room for the batch: a sequence that wraps around is a matter of the engine.
    sequence: fc.nat(INT32_MAX - 1000),
    transactional: fc.boolean(),
  }),
);
const batches: fc.Arbitrary<TextBatch> = fc
  .tuple(
    fc.record({ baseOffset: fc.maxSafeNat().map((n) => n >>> 1), leaderEpoch: fc.nat(INT32_MAX) }),
    producers,
    fc.array(records, { minLength: 1, maxLength: 12 }),
  )
  .map(([place, producer, list]) => Object.assign({ records: list }, place, producer));
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
    const ours = given.map(encode);
    const [made, read] = await askBoth(
      given.map((batch) => ({ make: 'batch', ...batch })),
      ours.map((batch) => ({ read: 'batch', bytes: batch.toString('hex') })),
    );
    expect(made.map(({ bytes }) => bytes)).toEqual(ours.map((batch) => batch.toString('hex')));
    expect(read).toEqual(made.map((answer) => decode(bytesIn(answer))));
    expect(read.map((batch) => batch['records'])).toEqual(given.map(expectedRecords));
  });

  it('batches with log append time are read as Kafka reads them', async () => {
    const given = fc.sample(batches, { numRuns: 50, seed });
    const question = { make: 'batch', appendTime: 1_700_000_000_123 };
    const made = await ask(given.map((batch) => Object.assign({}, question, batch)));
    const read = await ask(made.map(({ bytes }) => ({ read: 'batch', bytes })));
    expect(made.map((answer) => decode(bytesIn(answer)))).toEqual(read);
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

function encode(batch: TextBatch): Buffer {
  const builder = new RecordBatchBuilder(256);
  for (const { timestamp, key, value, headers } of batch.records) {
    const keyBytes = unhex(key);
    const valueBytes = unhex(value);
    const list = headers.map((header) => ({ key: header.key, value: unhex(header.value) }));
    const keyEnd = keyBytes?.length ?? 0;
    const valueEnd = valueBytes?.length ?? 0;
    builder.append(timestamp, keyBytes, 0, keyEnd, valueBytes, 0, valueEnd, list);
  }
  const sealed = builder.seal(batch.producerId < 0 ? undefined : batch);
  assignOffset(sealed, 0, batch.baseOffset, batch.leaderEpoch);
  return sealed;
}

/** As `Golden.java` shows a batch. */
function decode(bytes: Buffer): Shown {
  expect(verifyBatch(bytes, 0, bytes.length)).toBe(bytes.length);
  const { position: _position, records: read, ...batch } = readBatch(bytes, 0);
  const cursor = new RecordCursor();
  cursor.reset(bytes, 0);
  const list = read.map(({ offset, timestamp, sequence }) => {
    expect(cursor.next()).toBe(true);
    const headers = cursor.headers().map(({ key, value }) => ({ key, value: hex(value) }));
    return {
      offset,
      timestamp,
      sequence,
      key: hex(cursor.key()),
      value: hex(cursor.value()),
      headers,
    };
  });
  return { ...batch, records: list };
}

function expectedRecords({ baseOffset, sequence, records: given }: TextBatch): object[] {
  return given.map(({ timestamp, key, value, headers }, index) => ({
    offset: baseOffset + index,
    timestamp,
    sequence: sequence < 0 ? -1 : sequence + index,
    key,
    value,
    headers,
  }));
}

function unhex(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'hex');
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}
