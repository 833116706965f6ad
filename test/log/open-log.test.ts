/** What the log in a directory does that the one in memory cannot: it is there again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StreamsError } from '../../src/errors.js';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { openLog } from '../../src/log/log.js';
import { failure, take, text } from './face-steps.js';

let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-open-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a log in a directory', () => {
  const inDirectory = (name: string) => join(directory, name);

  test('stays where it was opened, whatever the working directory is later', async () => {
    const path = relative(process.cwd(), inDirectory('relative ü'));
    await using log = await openLog(path);
    await log.admin().createTopics([{ topic: 't', partitions: 1 }]);
    // A file that is opened later is looked for under the whole path, and so is the lock.
    expect(await failure(openLog(path))).toMatchObject({
      code: 'LOG_LOCKED',
      where: { file: join(inDirectory('relative ü'), 'lock') },
    });
  });

  test('keeps topics, records, offsets and transactions when it is opened again', async () => {
    {
      await using log = await openLog(inDirectory('again'));
      await log.admin().createTopics([{ topic: 't', partitions: 1 }]);
      const producer = log.producer({ ...text, transactionalId: 'x' });
      await producer.transaction((tx) => tx.sendBatch('t', [{ value: 'a' }, { value: 'b' }]));
      await failure(
        producer.transaction(async (tx) => {
          await tx.send({ topic: 't', value: 'aborted' });
          throw new StreamsError('INVALID_STATE', 'no');
        }),
      );
      await producer.transaction((tx) => tx.send({ topic: 't', value: 'c' }));
      const consumer = log.consumer({ groupId: 'g', fromBeginning: true, ...text });
      await consumer.subscribe(['t']);
      expect(await take(consumer, 1)).toMatchObject([{ value: 'a', offset: 0 }]);
    }
    await using log = await openLog(inDirectory('again'));
    const consumer = log.consumer({ groupId: 'g', ...text });
    await consumer.subscribe(['t']);
    expect((await take(consumer, 2)).map(({ value }) => value)).toEqual(['b', 'c']);
  });

  test('has what was acknowledged after the machine stopped, and tells what recovery did', async () => {
    const told: string[] = [];
    const tell = (line: string) => void told.push(line);
    const logger = { info: tell, warn: tell, error: tell };
    const env = new SimulatedEnv();
    const log = await env.run(openLog('/data', { env, logger }));
    await env.run(log.admin().createTopics([{ topic: 't', partitions: 1 }]));
    await env.run(log.producer(text).send({ topic: 't', value: 'acknowledged' }));
    expect(told).toEqual([]);
    env.files.crash();

    const later = new SimulatedEnv({ files: env.files });
    const again = await later.run(openLog('/data', { env: later, logger }));
    expect(told).toEqual([
      expect.stringMatching(/\/data was not closed properly; replayed \d+ entries/),
    ]);
    const consumer = again.consumer({ ...text, fromBeginning: true });
    await later.run(consumer.assign([{ topic: 't', partition: 0 }]));
    expect(await later.run(take(consumer, 1))).toMatchObject([{ value: 'acknowledged' }]);
    await later.run(again.close());

    told.length = 0;
    await later.run((await later.run(openLog('/data', { env: later, logger }))).close());
    expect(told).toEqual([]);
  });

  test('is held against a second opening, with an error that names the holder', async () => {
    await using log = await openLog(inDirectory('held'));
    expect(log.client.features.durable).toBe(true);
    const error = await failure(openLog(inDirectory('held')));
    expect(error.code).toBe('LOG_LOCKED');
    expect(error.message).toContain(`${process.pid}`);
  });

  test("keeps what was sent with durability 'os' when the process ends properly", async () => {
    const open = () => openLog(inDirectory('os'), { durability: 'os' });
    const log = await open();
    await log.admin().createTopics([{ topic: 't', partitions: 1 }]);
    await log.producer(text).send({ topic: 't', value: 'a' });
    await log.close();
    await using again = await open();
    expect(await again.admin().listOffsets('t', 'latest')).toEqual([{ partition: 0, offset: 1 }]);
  });

  test('is refused for a wrong path or durability', async () => {
    expect(await failure(openLog(''))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const wrong = openLog(inDirectory('x'), { durability: 'none' as never });
    expect(await failure(wrong)).toMatchObject({ code: 'INVALID_CONFIG' });
  });

  test('works with few open files', async () => {
    const env = new SimulatedEnv();
    const log = await env.run(openLog('/data', { env, openFilesMax: 3 }));
    await env.run(log.admin().createTopics([{ topic: 't', partitions: 20 }]));
    const producer = log.producer(text);
    const sent = Array.from({ length: 60 }, (_, i) => ({ value: `${i}`, partition: i % 20 }));
    await env.run(producer.sendBatch('t', sent));
    await env.run(producer.sendBatch('t', sent));
    await env.run(log.close());
    const again = await env.run(openLog('/data', { env, openFilesMax: 3 }));
    const consumer = again.consumer({ fromBeginning: true, ...text });
    await env.run(
      consumer.assign(sent.slice(0, 20).map(({ partition }) => ({ topic: 't', partition }))),
    );
    const read = await env.run(take(consumer, 120));
    expect(read.map(({ value }) => value).sort()).toEqual(
      [...sent, ...sent].map(({ value }) => value).sort(),
    );
    await env.run(again.close());
  });

  test('goes on when its logger throws', async () => {
    const env = new SimulatedEnv();
    const log = await env.run(openLog('/data', { env }));
    await env.run(log.admin().createTopics([{ topic: 't', partitions: 1 }]));
    env.files.crash('none');
    const told: string[] = [];
    const tell = (message: string): never => {
      told.push(message);
      throw new Error('the disk of the logger is full');
    };
    const after = new SimulatedEnv({ files: env.files });
    const logger = { info: tell, warn: tell, error: tell };
    const again = await after.run(openLog('/data', { env: after, logger }));
    expect(told).toEqual([expect.stringContaining('was not closed properly')]);
    expect(await again.admin().listTopics()).toEqual(['t']);
    await after.run(again.close());
  });

  test('can be opened in a simulated world', async () => {
    const env = new SimulatedEnv();
    const opening = openLog('/data', { env });
    const log = await env.run(opening);
    await env.run(log.admin().createTopics([{ topic: 't', partitions: 1 }]));
    const sent = await env.run(log.producer(text).send({ topic: 't', value: 'a' }));
    expect(sent).toEqual({ partition: 0, offset: 0 });
    await env.run(log.close());
    const again = await env.run(openLog('/data', { env }));
    expect(await env.run(again.admin().listOffsets('t', 'latest'))).toMatchObject([{ offset: 1 }]);
    await env.run(again.close());
  });
});
