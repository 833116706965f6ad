import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/env/seeded-random.js';
import type { StreamsError } from '../../src/errors.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import {
  count,
  countsStore,
  createTopics,
  lastCounts,
  naiveCounts,
  newLog,
  produce,
  read,
  runToEnd,
  simulated,
  text,
  wordCount,
} from './harness.js';

const WORDS = ['all', 'streams', 'lead', 'to', 'kafka', 'hello', 'join', 'summit'];

function randomLines(random: SeededRandom, lines: number): string[] {
  return Array.from({ length: lines }, () =>
    Array.from(
      { length: 1 + (random.uint32() % 6) },
      () => WORDS[random.uint32() % WORDS.length],
    ).join(' '),
  );
}

/** Every key's output must be 1, 2, 3, ... in its partition. */
function expectNoGapNoRepeat(
  records: readonly { readonly key: string | null; readonly value: number | null }[],
): void {
  const last = new Map<string | null, number>();
  for (const { key, value } of records) {
    expect(value, `count of ${key}`).toBe((last.get(key) ?? 0) + 1);
    last.set(key, value ?? 0);
  }
}

const seed = Number(process.env['FC_SEED'] ?? 20_240_611);

describe('exactly once', () => {
  it('word count over three partitions is exact', async () => {
    const log = newLog();
    await createTopics(log, { lines: 3 });
    const lines = randomLines(new SeededRandom(seed), 300);
    await produce(log, 'lines', lines);
    await runToEnd(wordCount(), { applicationId: 'wc', log });
    const output = await read(log, 'out', count);
    expectNoGapNoRepeat(output);
    expect(lastCounts(output)).toEqual(naiveCounts(lines));
    await log.close();
  });

  it('at-least-once gives the same counts when nothing fails', async () => {
    const log = newLog();
    await createTopics(log, { lines: 3 });
    const lines = randomLines(new SeededRandom(seed), 100);
    await produce(log, 'lines', lines);
    await runToEnd(wordCount(), { applicationId: 'wc', log, processingGuarantee: 'at-least-once' });
    expect(lastCounts(await read(log, 'out', count))).toEqual(naiveCounts(lines));
    await log.close();
  });

  it('output has neither gap nor repeat when user code throws at random', async () => {
    const random = new SeededRandom(seed);
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 3 }));
    const lines = randomLines(random, 200);
    let failures = 0;
    const topology = wordCount(() => {
      if (failures < 20 && random.float() < 0.03) {
        failures++;
        throw new Error(`planted failure ${failures}`);
      }
    });
    const errors: StreamsError[] = [];
    const app = new KafkaStreams(topology, {
      applicationId: 'wc',
      log,
      env,
      commitInterval: 0,
      onUncaughtError: 'replace',
    });
    app.on('error', (error) => errors.push(error));
    await env.run(app.start());
    for (let at = 0; at < lines.length; at += 20) {
      await env.run(produce(log, 'lines', lines.slice(at, at + 20)));
      env.advance(random.uint32() % 50);
      await env.settle();
    }
    while (
      Object.values(lastCounts(await env.run(read(log, 'out', count)))).reduce(
        (sum, n) => sum + n,
        0,
      ) < lines.join(' ').split(' ').length
    ) {
      env.advance(1000);
      await env.settle();
    }
    await env.run(app.close());
    const output = await env.run(read(log, 'out', count));
    expect(failures, `seed ${seed}`).toBeGreaterThan(0);
    expect(errors).toHaveLength(failures);
    expect(errors[0]).toMatchObject({
      code: 'PROCESS_FAILED',
      where: { node: 'count', task: expect.stringMatching(/^1_/) },
    });
    expectNoGapNoRepeat(output);
    expect(lastCounts(output), `seed ${seed}`).toEqual(naiveCounts(lines));
    await env.run(log.close());
  });

  it('a second run on the same log goes on where the first ended', async () => {
    const log = newLog();
    await createTopics(log, { lines: 2 });
    const random = new SeededRandom(seed);
    const [first, second] = [randomLines(random, 50), randomLines(random, 50)];
    await produce(log, 'lines', first);
    await runToEnd(wordCount(), { applicationId: 'wc', log });
    await produce(log, 'lines', second);
    const restored: string[] = [];
    const app = new KafkaStreams(wordCount(), { applicationId: 'wc', log });
    app.on('restore', ({ topic, position, endOffset }) =>
      restored.push(`${topic} ${position === endOffset}`),
    );
    await app.run({ until: 'caughtUp' });
    expect(restored).toContain('wc-counts-changelog true');
    const output = await read(log, 'out', count);
    expectNoGapNoRepeat(output);
    expect(lastCounts(output)).toEqual(naiveCounts([...first, ...second]));
    await log.close();
  });

  it('a run after a failed one neither loses nor repeats', async () => {
    const log = newLog();
    await createTopics(log, { lines: 2 });
    const lines = randomLines(new SeededRandom(seed), 60);
    await produce(log, 'lines', lines);
    let words = 0;
    const failing = wordCount(() => {
      if (++words === 70) throw new Error('power cut');
    });
    const app = new KafkaStreams(failing, { applicationId: 'wc', log, commitInterval: 0 });
    await expect(app.run({ until: 'caughtUp' })).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      cause: { message: 'power cut' },
    });
    expect(app.state).toBe('ERROR');
    expectNoGapNoRepeat(await read(log, 'out', count));
    await runToEnd(wordCount(), { applicationId: 'wc', log });
    const output = await read(log, 'out', count);
    expectNoGapNoRepeat(output);
    expect(lastCounts(output)).toEqual(naiveCounts(lines));
    await log.close();
  });

  it('of two applications with one id the older stops with PRODUCER_FENCED', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const older = new KafkaStreams(wordCount(), { applicationId: 'wc', log });
    const olderEnd = older.run().catch((error: unknown) => error);
    await new Promise<void>((resolve) =>
      older.on('stateChange', ({ to }) => to === 'RUNNING' && resolve()),
    );
    const newer = new KafkaStreams(wordCount(), { applicationId: 'wc', log });
    await newer.start();
    const committed = new Promise<void>((resolve) => newer.on('commit', () => resolve()));
    await produce(log, 'lines', ['a b a', 'b a']);
    await committed;
    expect(await olderEnd).toMatchObject({
      code: 'PRODUCER_FENCED',
      message: expect.stringContaining("Another application with applicationId 'wc' was started"),
    });
    expect(older.state).toBe('ERROR');
    await newer.close();
    const output = await read(log, 'out', count);
    expectNoGapNoRepeat(output);
    expect(lastCounts(output)).toEqual({ a: 3, b: 2 });
    await log.close();
  });

  it('at-least-once goes back to the last commit as well: nothing is lost, state counts nothing twice', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 2 }));
    const lines = randomLines(new SeededRandom(seed), 60);
    await env.run(produce(log, 'lines', lines));
    let words = 0;
    const failing = wordCount(() => {
      if (++words === 40) throw new Error('once');
    });
    const app = new KafkaStreams(failing, {
      applicationId: 'wc',
      log,
      env,
      processingGuarantee: 'at-least-once',
      onUncaughtError: 'replace',
    });
    await env.run(app.run({ until: 'caughtUp' }));
    const counts = lastCounts(await env.run(read(log, 'out', count)));
    for (const [word, n] of Object.entries(naiveCounts(lines)))
      expect(counts[word]).toBeGreaterThanOrEqual(n);
    await env.run(log.close());
  });

  it("a source with offsetReset 'latest' begins with what comes after the start", async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['before']));
    const topology = new Topology()
      .addSource('source', 'in', { value: text, offsetReset: 'latest' })
      .addSink('sink', 'out', 'source', { value: text });
    const app = new KafkaStreams(topology, { applicationId: 'app', log, env });
    await env.run(app.start());
    await env.run(produce(log, 'in', ['after']));
    await env.settle();
    await env.run(app.close());
    expect((await env.run(read(log, 'out', text))).map(({ value }) => value)).toEqual(['after']);
    await env.run(log.close());
  });

  it('nothing of an open transaction is visible to others', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1, out: 1 });
    const app = new KafkaStreams(wordCount(), { applicationId: 'wc', log, commitInterval: '1h' });
    await app.start();
    await produce(log, 'lines', ['a b']);
    const counts = app.store(countsStore);
    while (counts.get('b') !== 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await read(log, 'out', text)).toEqual([]);
    await app.close();
    expect(lastCounts(await read(log, 'out', count))).toEqual({ a: 1, b: 1 });
    await log.close();
  });
});
