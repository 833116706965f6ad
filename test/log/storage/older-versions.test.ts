/**
 * Directories that an older millrace wrote: `written-by-0.1.0` was made at commit 6d567fe, which knew neither sealed
 * nor cleaned segments (most zeros behind the last group of the journal were cut off). `closed` was closed, `killed` was copied
 * while it was open, with an open transaction.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';
import { expectWhole } from '../inspect/whole-log.js';

const FIXTURES = fileURLToPath(new URL('./written-by-0.1.0', import.meta.url));
/** A year after it was written. */
const NOW = Date.UTC(2027, 10, 21);

function written(name: string): SimulatedEnv {
  const env = new SimulatedEnv({ startMs: NOW });
  for (const entry of readdirSync(`${FIXTURES}/${name}`, {
    recursive: true,
    withFileTypes: true,
  })) {
    if (!entry.isFile()) continue;
    const path = `${entry.parentPath}/${entry.name}`.slice(`${FIXTURES}/${name}`.length);
    const directory = `/log${path.slice(0, path.lastIndexOf('/'))}`;
    env.files.makeDirectory(directory);
    const file = env.files.open(`/log${path}`, 'create');
    file.write(readFileSync(`${FIXTURES}/${name}${path}`), 0);
    file.datasync();
    file.close();
    env.files.syncDirectory(directory);
  }
  env.files.syncDirectory('/log');
  env.files.syncDirectory('/');
  return env;
}

const opened = (env: SimulatedEnv): Promise<LogEngine> =>
  env.run(
    openEngine({
      storage: openJournalStorage({ directory: '/log', env, thread: 'inline' }),
      env,
      features: { durable: true },
    }),
  );

async function values(env: SimulatedEnv, engine: LogEngine, topic: string): Promise<string[]> {
  const consumer = engine.consumer();
  consumer.assign([{ topic, partition: 0 }]);
  const found: string[] = [];
  const cursor = new RecordCursor();
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one poll after the other
    const fetches = await env.run(consumer.poll(0));
    if (fetches.length === 0) return found;
    for (const { batches } of fetches)
      for (const { bytes, start } of batches)
        for (cursor.reset(bytes, start); cursor.next();)
          found.push(
            `${cursor.offset}:${bytes.toString('utf8', cursor.valueStart, cursor.valueEnd)}`,
          );
  }
}

describe.each(['closed', 'killed'])('a log that 0.1.0 wrote and %s', (name) => {
  it('shows what it held, goes on, and is whole afterwards', async () => {
    const env = written(name);
    await expectWhole(env.files, name);
    const engine = await opened(env);
    const expected = Array.from(
      { length: 61 },
      (_, i) => `${i}:value ${i}${i < 60 ? ` ${'x'.repeat(20)}` : ''}`,
    );
    expect(await values(env, engine, 'old')).toEqual(expected);
    expect((await values(env, engine, 'new')).map((text) => parseInt(text, 10))).toEqual([
      0, 1, 2, 4, 5, 6,
    ]);
    const consumer = engine.consumer({ groupId: 'g' });
    expect(await consumer.committed([{ topic: 'old', partition: 0 }])).toEqual([
      { offset: 7, metadata: 'here' },
    ]);
    const producer = engine.producer({ transactionalId: 'tx' });
    await env.run(producer.init());
    producer.begin();
    producer.topic('old').append(0, NOW, null, 0, 0, Buffer.from('more'), 0, 4, []);
    expect(await env.run(producer.commit())).toEqual({ outcome: 'committed' });
    await env.run(engine.close());
    await expectWhole(env.files, name);
    const again = await opened(env);
    expect(await values(env, again, 'old')).toEqual([...expected, '61:more']);
    await env.run(again.close());
  });

  it('has segments that retention and the cleaner can take', async () => {
    const env = written(name);
    const engine = await opened(env);
    const segments = engine.broker.topics.get('old').partition(0).storage.segments();
    expect(segments.map(({ sealed }) => sealed)).toEqual([
      ...segments.slice(1).map(() => true),
      false,
    ]);
    expect(segments.every(({ firstTimestamp }) => firstTimestamp > 0)).toBe(true);
    const admin = engine.admin();
    const changes = [
      { topic: 'old', set: { 'retention.ms': '-1' } },
      { topic: 'new', set: { 'min.cleanable.dirty.ratio': '0' } },
    ];
    await env.run(admin.alterConfigs(changes));
    await env.run(admin.deleteRecords([{ topic: 'old', partition: 0, offset: 40 }]));
    await env.run(engine.broker.cleaner.cleanNow());
    expect((await values(env, engine, 'new')).map((text) => parseInt(text, 10))).toEqual([4, 5, 6]);
    await env.run(engine.close());
    const logs = env.files
      .list('/log/old-0')
      .filter((file) => file.endsWith('.log'))
      .sort();
    expect(logs[0]).toBe('00000000000000000040.log');
    await expectWhole(env.files, name);
  });
});
