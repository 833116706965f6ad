/**
 * A log in use, day after day: plain and transactional producers, a topic with retention, a compacted one, groups whose
 * members come and go, restarts by closing and by killing. Time is virtual; the disk is simulated, or a real directory.
 */
import type { Env } from '../../src/env/env.js';
import type { FileHandle } from '../../src/env/file-system.js';
import { SeededRandom } from '../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { SimulatedFiles } from '../../src/env/simulated-files.js';
import { systemEnv } from '../../src/env/system-env.js';
import type { LogConsumer, LogProducer } from '../../src/log/client.js';
import { openEngine, type LogEngine } from '../../src/log/engine/engine.js';
import { openJournalStorage } from '../../src/log/engine/journal-storage.js';
import { recordsOf, send } from '../log/client-suite-records.js';

const HOUR_MS = 3_600_000;
const STEP_MS = 300_000;
const KEYS = 500;
const PARTITIONS = 4;
const MEMBERS = 4;
const VALUE = 'x'.repeat(200);

/** A simulated disk that knows how many files are open. */
export class CountedFiles extends SimulatedFiles {
  openFiles = 0;

  override open(path: string, mode: 'read' | 'write' | 'create'): FileHandle {
    const handle = super.open(path, mode);
    this.openFiles++;
    return {
      path,
      size: () => handle.size(),
      read: (target, position) => handle.read(target, position),
      write: (bytes, position) => handle.write(bytes, position),
      datasync: () => handle.datasync(),
      truncate: (size) => handle.truncate(size),
      close: () => {
        this.openFiles--;
        handle.close();
      },
    };
  }

  override kill(): void {
    this.openFiles = 0;
    super.kill();
  }

  get usedBytes(): number {
    return this.paths().reduce((sum, path) => sum + this.bytes(path).length, 0);
  }
}

export class Town {
  readonly files = new CountedFiles();
  readonly #directory: string;
  /** Files of a real directory; undefined: the disk is simulated. */
  readonly #real: Env | undefined;
  readonly #random: SeededRandom;
  #env: SimulatedEnv;
  #engine: LogEngine | undefined;
  #plain: LogProducer | undefined;
  #transactional: LogProducer | undefined;
  #members: (LogConsumer | undefined)[] = [];
  day = 0;
  restarts = 0;
  records = 0;
  polled = 0;
  /** Groups that ever were; each lives for some days. */
  groups = 0;

  constructor(seed: number, directory: string | undefined) {
    this.#directory = directory ?? '/log';
    this.#real = directory === undefined ? undefined : systemEnv();
    this.#random = new SeededRandom(seed);
    this.#env = new SimulatedEnv({ seed, files: this.files });
  }

  get directory(): string {
    return this.#directory;
  }

  async open(): Promise<void> {
    const startMs = this.#env.clock.now();
    this.#env = new SimulatedEnv({ seed: this.day, startMs, files: this.files });
    const { clock, timers, random, process } = this.#env;
    const files = this.#real?.files ?? this.files;
    const env: Env = { clock, timers, random, process, files };
    const storage = openJournalStorage({
      directory: this.#directory,
      env,
      thread: 'inline',
      journalBytesMax: 1_000_000,
    });
    this.#engine = await this.#run(openEngine({ storage, env, features: { durable: true } }));
    await this.#run(
      this.#opened.admin().createTopics(
        [
          { topic: 'events', partitions: PARTITIONS, config: DELETED },
          { topic: 'table', partitions: PARTITIONS, config: COMPACTED },
        ],
        { ifNotExists: true },
      ),
    );
    this.#plain = this.#opened.producer();
    this.#transactional = this.#opened.producer({ transactionalId: 'town' });
    await this.#run(this.#transactional.init());
    this.#members = [];
  }

  async close(): Promise<void> {
    await this.#run(this.#opened.close());
    if (this.#real === undefined) this.files.kill();
    this.#engine = undefined;
  }

  /** One day; every few of them the log is closed and opened again, or its process dies. */
  async liveOneDay(): Promise<void> {
    for (let hour = 0; hour < 24; hour++) await this.#hour(hour); // oxlint-disable-line no-await-in-loop -- hour after hour
    this.day++;
    if (this.day % 3 !== 0) return;
    this.restarts++;
    // A real file lock cannot be left behind by a process that lives on.
    if (this.#real === undefined && this.day % 2 === 0) this.files.kill();
    else await this.close();
    await this.open();
  }

  async #hour(hour: number): Promise<void> {
    for (let i = 0; i < 100; i++) this.#sendTo(this.#part(this.#plain), 'events');
    for (let i = 0; i < 60; i++) this.#sendTo(this.#part(this.#plain), 'table');
    await this.#run(this.#part(this.#plain).flush());
    await this.#transaction();
    await this.#comeAndGo(hour);
    for (let passed = 0; passed < HOUR_MS; passed += STEP_MS) {
      this.#env.advance(STEP_MS);
      await this.#env.settle(); // oxlint-disable-line no-await-in-loop -- step after step
      await this.#poll(); // oxlint-disable-line no-await-in-loop -- as above
    }
  }

  #sendTo(producer: LogProducer, topic: string): void {
    const key = `key ${this.#random.below(KEYS)}`;
    const tombstone = topic === 'table' && this.#random.below(10) === 0;
    send(producer, topic, key, tombstone ? null : VALUE, {
      partition: this.#random.below(PARTITIONS),
      timestamp: this.#env.clock.now(),
    });
    this.records++;
  }

  async #transaction(): Promise<void> {
    const producer = this.#part(this.#transactional);
    producer.begin();
    for (let i = 0; i < 20; i++) this.#sendTo(producer, i % 2 === 0 ? 'events' : 'table');
    if (this.#random.below(4) === 0) await this.#run(producer.abort());
    else await this.#run(producer.commit());
  }

  async #comeAndGo(hour: number): Promise<void> {
    const number = this.#random.below(MEMBERS);
    const member = this.#members[number];
    if (member !== undefined) {
      await this.#run(member.close());
      this.#members[number] = undefined;
      return;
    }
    if (hour === 0) this.groups++;
    const joined = this.#opened.consumer({ groupId: `group ${this.groups}` });
    joined.subscribe(['events', 'table']);
    this.#members[number] = joined;
  }

  async #poll(): Promise<void> {
    for (const member of this.#members) {
      if (member === undefined) continue;
      const fetched = await this.#run(member.poll(0)); // oxlint-disable-line no-await-in-loop -- member after member
      this.polled += recordsOf(fetched).length;
      const offsets = fetched.map(({ topic, partition, nextOffset }) => ({
        topic,
        partition,
        offset: nextOffset,
        metadata: '',
      }));
      // The group may have moved on since the poll; the next one says so.
      if (offsets.length > 0) await this.#run(member.commit(offsets).catch(() => undefined)); // oxlint-disable-line no-await-in-loop -- as above
    }
  }

  /** Waits without letting time pass beyond what is due. */
  #run<T>(promise: Promise<T>): Promise<T> {
    return this.#env.run(promise);
  }

  get #opened(): LogEngine {
    return this.#part(this.#engine);
  }

  #part<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('the town has a log while it lives');
    return part;
  }
}

const DELETED = { 'retention.ms': 2 * 24 * HOUR_MS, 'segment.ms': 6 * HOUR_MS };
const COMPACTED = {
  'cleanup.policy': 'compact',
  'segment.ms': 6 * HOUR_MS,
  'delete.retention.ms': 12 * HOUR_MS,
};
