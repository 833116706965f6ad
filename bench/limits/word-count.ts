/**
 * Word count by hand over an in-memory log of encoded batches: tokenise, repartition by word, count, write a
 * changelog and an output record per update (or per dirty word and commit, with the cache).
 */
import { BatchWriter, Cursor } from './batch.js';
import { putInt64, readUtf8, writeUtf8 } from './fast-buffer.js';
import { murmur2, toPartition } from './murmur2.js';

interface LogPartition {
  readonly writer: BatchWriter;
  batches: Buffer[];
  end: number;
}

/** A topic in memory: per partition a list of encoded batches. */
class MemoryTopic {
  readonly partitions: readonly LogPartition[];
  records = 0;

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => ({
      writer: new BatchWriter(),
      batches: [],
      end: 0,
    }));
  }

  append(
    p: number,
    ts: number,
    k: Buffer,
    ko: number,
    kl: number,
    v: Buffer,
    vo: number,
    vl: number,
  ) {
    const partition = this.partitions[p]!;
    partition.writer.append(ts, k, ko, kl, v, vo, vl);
    if (partition.writer.full) this.#seal(partition);
  }

  sealAll(): void {
    for (const partition of this.partitions) this.#seal(partition);
  }

  drop(): void {
    for (const partition of this.partitions) partition.batches = [];
  }

  #seal(partition: LogPartition): void {
    const { writer } = partition;
    if (writer.records === 0) return;
    const { records } = writer;
    partition.batches.push(writer.finish(partition.end));
    partition.end += records;
    this.records += records;
  }
}

function writeWord(word: string, scratch: Buffer): number {
  for (let i = 0; i < word.length; i++) {
    const c = word.charCodeAt(i);
    if (c > 127) return writeUtf8(scratch, word, 0);
    scratch[i] = c;
  }
  return word.length;
}

/** One task's second half: the counts of one repartition partition. */
class Counter {
  readonly counts = new Map<string, number>();
  readonly #dirty = new Map<string, number>();
  readonly #key = Buffer.alloc(1024);
  readonly #value = Buffer.alloc(8);
  readonly #cursor = new Cursor();
  readonly #partition: number;
  readonly #changelog: MemoryTopic;
  readonly #output: MemoryTopic;
  readonly #cached: boolean;

  constructor(partition: number, changelog: MemoryTopic, output: MemoryTopic, cached: boolean) {
    this.#partition = partition;
    this.#changelog = changelog;
    this.#output = output;
    this.#cached = cached;
  }

  run(batch: Buffer): void {
    const c = this.#cursor;
    c.reset(batch);
    while (c.next()) {
      const word = readUtf8(batch, c.keyStart, c.keyStart + c.keyLength);
      const count = (this.counts.get(word) ?? 0) + 1;
      this.counts.set(word, count);
      if (this.#cached) this.#dirty.set(word, c.timestamp);
      else this.#emit(c.timestamp, batch, c.keyStart, c.keyLength, count);
    }
  }

  commit(): void {
    for (const [word, timestamp] of this.#dirty) {
      const length = writeWord(word, this.#key);
      this.#emit(timestamp, this.#key, 0, length, this.counts.get(word) ?? 0);
    }
    this.#dirty.clear();
  }

  #emit(timestamp: number, key: Buffer, start: number, length: number, count: number): void {
    putInt64(this.#value, 0, count);
    this.#changelog.append(this.#partition, timestamp, key, start, length, this.#value, 0, 8);
    this.#output.append(this.#partition, timestamp, key, start, length, this.#value, 0, 8);
  }
}

export interface WordCountOptions {
  readonly cached: boolean;
  readonly commitEveryLines: number;
}

/** `input[p]` holds the encoded batches of partition p. Returns how many words were counted, and how many differ. */
export function runWordCount(
  input: readonly (readonly Buffer[])[],
  options: WordCountOptions,
): { words: number; distinct: number } {
  const partitions = input.length;
  const repartition = new MemoryTopic(partitions);
  const changelog = new MemoryTopic(partitions);
  const output = new MemoryTopic(partitions);
  const counters = input.map((_, p) => new Counter(p, changelog, output, options.cached));
  const cursor = new Cursor();
  const scratch = Buffer.alloc(4096);
  let words = 0;
  let uncommitted = 0;

  const split = (batch: Buffer) => {
    cursor.reset(batch);
    while (cursor.next()) {
      uncommitted++;
      const line = readUtf8(batch, cursor.valueStart, cursor.valueStart + cursor.valueLength);
      for (const word of line.toLowerCase().split(/\W+/)) {
        if (word.length === 0) continue;
        const n = writeWord(word, scratch);
        const p = toPartition(murmur2(scratch, 0, n), partitions);
        repartition.append(p, cursor.timestamp, scratch, 0, n, scratch, 0, n);
        words++;
      }
    }
  };
  const drain = () => {
    for (let p = 0; p < partitions; p++) {
      const partition = repartition.partitions[p]!;
      for (const batch of partition.batches) counters[p]!.run(batch);
      partition.batches = [];
    }
  };
  const commit = () => {
    repartition.sealAll();
    drain();
    for (const counter of counters) counter.commit();
    changelog.sealAll();
    output.sealAll();
    changelog.drop();
    output.drop();
    uncommitted = 0;
  };

  const rounds = Math.max(...input.map((batches) => batches.length));
  for (let round = 0; round < rounds; round++) {
    for (const batches of input) {
      const batch = batches[round];
      if (batch !== undefined) split(batch);
    }
    drain();
    if (uncommitted >= options.commitEveryLines) commit();
  }
  commit();
  return { words, distinct: counters.reduce((sum, counter) => sum + counter.counts.size, 0) };
}
