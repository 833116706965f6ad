import { describe, expect, it } from 'vitest';
import { type ErrorPolicy, deadLetter } from '../../src/processor/error-policy.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import type { Serde } from '../../src/serde/serde.js';
import { Serdes } from '../../src/serde/serdes.js';
import { createTopics, newLog, produce, read, runToEnd, text } from './harness.js';

const json = Serdes.json<{ readonly n: number }>();

/** in -> node `double` -> out; n 13 throws. */
function doubling(value: Serde<string> = text): Topology {
  return new Topology()
    .addSource('source', 'in', { key: text, value: json })
    .addProcessor(
      'double',
      (context: ProcessorContext<string, string>) => ({
        process(record: Record<string, { readonly n: number }>) {
          if (record.value.n === 13) throw new RangeError('unlucky');
          context.forward({ ...record, value: String(record.value.n * 2) });
        },
      }),
      'source',
    )
    .addSink('sink', 'out', 'double', { key: text, value });
}

const GOOD = { key: 'k', value: '{"n":1}', partition: 1, timestamp: 5 };
const UNLUCKY = { key: 'k', value: '{"n":13}', partition: 1, timestamp: 6 };
const BROKEN = { key: 'k', value: '{"n":', partition: 1, timestamp: 7 };
const LAST = { key: 'k', value: '{"n":2}', partition: 1, timestamp: 8 };

async function logWith(...records: (typeof GOOD)[]) {
  const log = newLog();
  await createTopics(log, { in: 2 });
  await produce(log, 'in', records);
  return log;
}

const values = (records: readonly { readonly value: string | null }[]) =>
  records.map((record) => record.value);
const headersOf = (
  record:
    | { readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[] }
    | undefined,
) =>
  Object.fromEntries(
    (record?.headers ?? []).map(({ key, value }) => [
      key.replace('__streams.errors.', ''),
      Buffer.from(value ?? []).toString(),
    ]),
  );

describe('a record that cannot be decoded', () => {
  it('fails the application with topic, partition and offset; nothing before it is lost', async () => {
    const log = await logWith(GOOD, BROKEN);
    const app = new KafkaStreams(doubling(), { applicationId: 'app', log });
    await expect(app.run({ until: 'caughtUp' })).rejects.toMatchObject({
      code: 'DESERIALIZE_FAILED',
      where: { topic: 'in', partition: 1, offset: 1, task: '0_1' },
    });
    await runToEnd(doubling(), { applicationId: 'app', log, errors: { deserialize: 'continue' } });
    expect(values(await read(log, 'out', text))).toEqual(['2']);
    await log.close();
  });

  it('is dropped and counted with continue', async () => {
    const log = await logWith(GOOD, BROKEN, LAST);
    const app = new KafkaStreams(doubling(), {
      applicationId: 'app',
      log,
      errors: { deserialize: 'continue' },
    });
    await app.run({ until: 'caughtUp' });
    expect(values(await read(log, 'out', text))).toEqual(['2', '4']);
    expect(app.metrics()).toMatchObject({ droppedRecords: 1, processedRecords: 2 });
    const committed = await log.admin().committedOffsets('app');
    expect(committed.find(({ partition }) => partition === 1)).toMatchObject({
      topic: 'in',
      offset: 3,
    });
    await log.close();
  });

  it('goes to the dead letter topic as it was, with where it came from', async () => {
    const log = await logWith(GOOD, BROKEN, LAST);
    await runToEnd(doubling(), {
      applicationId: 'app',
      log,
      errors: { deserialize: deadLetter('bad') },
    });
    expect(values(await read(log, 'out', text))).toEqual(['2', '4']);
    const [letter, ...others] = await read(log, 'bad', text);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ key: 'k', value: '{"n":', timestamp: 7 });
    expect(headersOf(letter)).toMatchObject({
      topic: 'in',
      partition: '1',
      offset: '1',
      exception: expect.stringContaining('Error'),
      message: expect.any(String),
      stacktrace: expect.any(String),
    });
    await log.close();
  });

  it('a function decides case by case', async () => {
    const log = await logWith(GOOD, BROKEN, LAST);
    const seen: unknown[] = [];
    const policy: ErrorPolicy = (error, record) => {
      seen.push([error.code, record?.offset, Buffer.from(record?.value ?? []).toString()]);
      return 'continue';
    };
    await runToEnd(doubling(), { applicationId: 'app', log, errors: { deserialize: policy } });
    expect(seen).toEqual([['DESERIALIZE_FAILED', 1, '{"n":']]);
    await log.close();
  });
});

describe('a record whose processing throws', () => {
  it("fails the application with the node's name and the user's own error", async () => {
    const log = await logWith(GOOD, UNLUCKY);
    const app = new KafkaStreams(doubling(), { applicationId: 'app', log });
    const failure = await app.run({ until: 'caughtUp' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'PROCESS_FAILED',
      where: { node: 'double', topic: 'in', partition: 1, offset: 1 },
      cause: { name: 'RangeError', message: 'unlucky' },
    });
    expect((failure as { cause: Error }).cause.stack).toContain('error-policies.test.ts');
    await log.close();
  });

  it('goes to the dead letter topic; the rest goes on', async () => {
    const log = await logWith(GOOD, UNLUCKY, LAST);
    await runToEnd(doubling(), {
      applicationId: 'app',
      log,
      errors: { process: deadLetter('bad') },
    });
    expect(values(await read(log, 'out', text))).toEqual(['2', '4']);
    const [letter] = await read(log, 'bad', text);
    expect(letter).toMatchObject({ key: 'k', value: '{"n":13}', timestamp: 6 });
    expect(headersOf(letter)).toMatchObject({
      exception: 'RangeError',
      message: 'unlucky',
      offset: '1',
    });
    await log.close();
  });

  it('a dead letter is part of the transaction: it is not there when the commit is not', async () => {
    const log = await logWith(UNLUCKY, BROKEN);
    const app = new KafkaStreams(doubling(), {
      applicationId: 'app',
      log,
      errors: { process: deadLetter('bad') },
    });
    await expect(app.run({ until: 'caughtUp' })).rejects.toMatchObject({
      code: 'DESERIALIZE_FAILED',
    });
    expect(await read(log, 'bad', text)).toEqual([]);
    await log.close();
  });
});

describe('a record that cannot be written', () => {
  const large: Serde<string> = {
    serialize: (value) => (value === '2' ? Buffer.alloc(2_000_000) : Buffer.from(value)),
    deserialize: (bytes) => Buffer.from(bytes).toString(),
  };

  it('too large: fails with the output topic and where the record came from', async () => {
    const log = await logWith(GOOD);
    const app = new KafkaStreams(doubling(large), { applicationId: 'app', log });
    await expect(app.run({ until: 'caughtUp' })).rejects.toMatchObject({
      code: 'PRODUCE_FAILED',
      where: { topic: 'out' },
      cause: { code: 'RECORD_TOO_LARGE' },
    });
    await log.close();
  });

  it('that no serde can write: the reason is said once, and is the cause', async () => {
    const log = await logWith(GOOD);
    const strict: Serde<string> = {
      serialize: () => {
        throw new RangeError('too odd');
      },
      deserialize: (bytes) => Buffer.from(bytes).toString(),
    };
    const app = new KafkaStreams(doubling(strict), { applicationId: 'app', log });
    const error: unknown = await app.run({ until: 'caughtUp' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PRODUCE_FAILED', where: { topic: 'out' } });
    expect(error).toHaveProperty('cause', expect.any(RangeError));
    expect(String(error).match(/topic out/g)).toHaveLength(1);
    expect(String(error).match(/too odd/g)).toHaveLength(1);
    await log.close();
  });

  it('too large: is left out and counted with continue', async () => {
    const log = await logWith(GOOD, LAST);
    const app = new KafkaStreams(doubling(large), {
      applicationId: 'app',
      log,
      errors: { produce: 'continue' },
    });
    await app.run({ until: 'caughtUp' });
    expect(values(await read(log, 'out', text))).toEqual(['4']);
    expect(app.metrics().droppedRecords).toBe(1);
    await log.close();
  });

  it('too large: its source record goes to the dead letter topic', async () => {
    const log = await logWith(GOOD, LAST);
    await runToEnd(doubling(large), {
      applicationId: 'app',
      log,
      errors: { produce: deadLetter('bad') },
    });
    const [letter] = await read(log, 'bad', text);
    expect(letter).toMatchObject({ key: 'k', value: '{"n":1}', timestamp: 5, partition: 1 });
    expect(headersOf(letter)).toMatchObject({ topic: 'in', partition: '1', offset: '0' });
    await log.close();
  });

  it('a topic chosen per record that does not exist is named', async () => {
    const log = await logWith(GOOD);
    const topology = new Topology()
      .addSource('source', 'in')
      .addSink('sink', () => 'inn', 'source');
    const app = new KafkaStreams(topology, { applicationId: 'app', log });
    await expect(app.run({ until: 'caughtUp' })).rejects.toMatchObject({
      code: 'MISSING_SINK_TOPIC',
      message: expect.stringContaining("Did you mean 'in'?"),
    });
    await log.close();
  });

  it('a policy that throws or answers nonsense fails the application, whatever the policy for processing', async () => {
    for (const answer of [
      () => {
        throw new Error('policy is broken');
      },
      () => undefined,
      () => Promise.resolve('continue'),
    ]) {
      const log = await logWith(GOOD, LAST);
      const app = new KafkaStreams(doubling(large), {
        applicationId: 'app',
        log,
        errors: { process: 'continue', produce: answer as unknown as ErrorPolicy },
      });
      await expect(app.run({ until: 'caughtUp' })).rejects.toMatchObject({
        code: 'PRODUCE_FAILED',
        message: expect.stringMatching(/error policy.*written to topic out/),
      });
      expect(await read(log, 'out', text)).toEqual([]);
      await log.close();
    }
  });
});

describe('a dead letter topic that does not exist', () => {
  const elsewhere = () => deadLetter('nowhere');
  const cases = [
    { place: 'deserialize', record: BROKEN, says: /nowhere.*dead letter.*Cannot decode/ },
    { place: 'process', record: UNLUCKY, says: /nowhere.*dead letter.*processor=double/ },
  ] as const;
  for (const { place, record, says } of cases) {
    it(`chosen by the policy for ${place} fails the application and still says what failed first`, async () => {
      const log = await logWith(record);
      const app = new KafkaStreams(doubling(), {
        applicationId: 'app',
        log,
        errors: { [place]: elsewhere },
      });
      await expect(app.run({ until: 'caughtUp' })).rejects.toMatchObject({
        code: 'MISSING_SINK_TOPIC',
        message: expect.stringMatching(says),
        where: { topic: 'in', partition: 1, offset: 0 },
      });
      await log.close();
    });
  }
});

describe('a dead letter topic that the topology reads', () => {
  const byPattern = new Topology().addSource('source', /in|in-dead/, { key: text, value: json });
  for (const [how, topology, topic] of [
    ['by name', doubling(), 'in'],
    ['by a pattern, before it exists', byPattern, 'in-dead'],
  ] as const) {
    it(`${how} is refused at the start: a record would go round for ever`, async () => {
      const log = await logWith(BROKEN);
      const errors = { deserialize: deadLetter(topic) };
      const app = new KafkaStreams(topology, { applicationId: 'app', log, errors });
      await expect(app.start()).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining(`dead letter topic '${topic}' is a source topic`),
      });
      await log.close();
    });
  }
});
