/**
 * What opening a log costs: with 10,000 partitions that hold data, and with many bytes of segments, after a clean end and
 * after kill -9. Each open is a process of its own (`scale.js WHAT PATH ...`, prints JSON), because its memory is
 * measured too.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setImmediate } from 'node:timers/promises';
import { openLog } from 'millrace';
import { median } from '../measure.js';

export interface OpenResult {
  readonly ms: number;
  readonly rssMb: number;
}

export interface OpenFloors {
  readonly ms: number;
  readonly rssMb: number;
}

export interface ScaleResult {
  readonly name: string;
  readonly clean: OpenResult;
  readonly killed: OpenResult;
  /** For the clean open. */
  readonly floors?: OpenFloors;
}

const OPENS = 5;
const OPEN_FLOORS: OpenFloors = { ms: 2000, rssMb: 150 };
const PENDING_BYTES = 64 * 2 ** 20;
const key = Buffer.from('key-000000000000');

interface Shape {
  readonly topics: number;
  readonly partitions: number;
  readonly valueBytes: number;
  /** Of each partition. */
  readonly records: number;
}

const topicName = (topic: number) => `topic-${topic}`;

async function fill(path: string, shape: Shape, thenDie: boolean): Promise<void> {
  const log = await openLog(path, { durability: 'os' });
  const topics = Array.from({ length: shape.topics }, (_, topic) => topicName(topic));
  const { partitions, records } = shape;
  await log.admin().createTopics(topics.map((topic) => ({ topic, partitions })));
  const producer = log.client.producer({ batchBytes: 1_000_000 });
  await producer.init();
  const writers = topics.map((topic) => producer.topic(topic));
  const value = Buffer.alloc(shape.valueBytes, 'x');
  for (let i = 0; i < records; i++) {
    for (const writer of writers) {
      for (let partition = 0; partition < partitions; partition++)
        writer.append(partition, 1.7e12 + i, key, 0, key.length, value, 0, value.length, []);
    }
    while (producer.pendingBytes > PENDING_BYTES) await setImmediate();
  }
  await producer.flush();
  if (thenDie) process.kill(process.pid, 'SIGKILL');
  await log.close();
}

async function measureOpen(path: string): Promise<OpenResult> {
  const start = performance.now();
  const log = await openLog(path);
  const ms = performance.now() - start;
  const rssMb = process.resourceUsage().maxRSS / 1024;
  await log.close();
  return { ms, rssMb };
}

const program = fileURLToPath(import.meta.url);

function run(...args: string[]): string {
  return execFileSync(process.execPath, [program, ...args], { encoding: 'utf8' });
}

const opened = (path: string): OpenResult => {
  const result: OpenResult = JSON.parse(run('open', path));
  return result;
};

async function measure(
  name: string,
  path: string,
  shape: Shape,
  floors?: OpenFloors,
): Promise<ScaleResult> {
  await rm(path, { recursive: true, force: true });
  const killed = spawnSync(process.execPath, [program, 'die', path, JSON.stringify(shape)]);
  if (killed.signal !== 'SIGKILL') throw new Error(String(killed.stderr));
  const afterKill = opened(path);
  const opens = Array.from({ length: OPENS }, () => opened(path));
  await rm(path, { recursive: true });
  const clean = {
    ms: median(opens.map(({ ms }) => ms)),
    rssMb: median(opens.map(({ rssMb }) => rssMb)),
  };
  return { name, clean, killed: afterKill, ...(floors === undefined ? {} : { floors }) };
}

/** 100 topics of 100 partitions, and 10,000 topics of one. */
export async function manyPartitions(directory: string): Promise<ScaleResult[]> {
  const results: ScaleResult[] = [];
  for (const [topics, partitions] of [
    [100, 100],
    [10_000, 1],
  ] as const) {
    const shape = { topics, partitions, valueBytes: 100, records: 3 };
    const name = `${topics} topics x ${partitions}`;
    results.push(await measure(name, join(directory, 'scale'), shape, OPEN_FLOORS));
  }
  return results;
}

/** So many GB in eight partitions. */
export async function manyBytes(directory: string, gigabytes: number): Promise<ScaleResult> {
  const valueBytes = 10_000;
  const records = Math.floor((gigabytes * 1e9) / valueBytes / 8);
  const shape = { topics: 1, partitions: 8, valueBytes, records };
  return measure(`${gigabytes} GB of segments`, join(directory, 'recovery'), shape);
}

const [, started, what, path = '', shape = ''] = process.argv;
if (started === program) {
  if (what === 'open') console.log(JSON.stringify(await measureOpen(path)));
  else await fill(path, JSON.parse(shape), what === 'die');
}
