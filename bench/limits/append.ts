/**
 * Appending by hand: encode, CRC and write batches to 128 MB segment files, fdatasync in the background every 100 ms and
 * once at the end, when all of it counts; plain or gzipped. Also the disk's own fdatasync.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { BatchWriter, HEADER_BYTES } from './batch.js';
import { crc32c } from './crc32c.js';

const SEGMENT_BYTES = 128 * 2 ** 20;

class Segments {
  readonly #directory: string;
  readonly #files: number[] = [];
  #size = SEGMENT_BYTES;
  #syncedAt = performance.now();
  #syncing = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  write(batch: Buffer): void {
    if (this.#size + batch.length > SEGMENT_BYTES) {
      this.#files.push(openSync(join(this.#directory, `${this.#files.length}.log`), 'a'));
      this.#size = 0;
    }
    const file = this.#files.at(-1) ?? -1;
    this.#size += writeSync(file, batch);
    const now = performance.now();
    if (this.#syncing || now - this.#syncedAt < 100) return;
    this.#syncedAt = now;
    this.#syncing = true;
    fdatasync(file, () => {
      this.#syncing = false;
    });
  }

  async close(): Promise<void> {
    while (this.#syncing) await setImmediate();
    for (const file of this.#files) {
      fdatasyncSync(file);
      closeSync(file);
    }
  }
}

const GZIP = 1;
const asItIs = (batch: Buffer) => batch;

/** The same batch with its records compressed. */
export function gzipped(batch: Buffer): Buffer {
  const packed = gzipSync(batch.subarray(HEADER_BYTES));
  const bytes = Buffer.concat([batch.subarray(0, HEADER_BYTES), packed]);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt16BE(GZIP, 21);
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
}

export interface AppendOptions {
  readonly key: Buffer;
  /** Taken in turn. */
  readonly values: readonly Buffer[];
  readonly batchBytes?: number;
  readonly pack?: (batch: Buffer) => Buffer;
}

export async function append(directory: string, records: number, options: AppendOptions) {
  const { key, values, batchBytes = 16_384, pack = asItIs } = options;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const segments = new Segments(directory);
  const writer = new BatchWriter(batchBytes);
  let offset = 0;
  let batches = 0;
  const seal = () => {
    const { records: count } = writer;
    segments.write(pack(writer.finish(offset)));
    offset += count;
  };
  for (let i = 0; i < records; i++) {
    const value = values[i % values.length]!;
    writer.append(1.7e12 + i, key, 0, key.length, value, 0, value.length);
    if (!writer.full) continue;
    seal();
    if ((++batches & 255) === 0) await setImmediate();
  }
  if (writer.records > 0) seal();
  await segments.close();
  rmSync(directory, { recursive: true, force: true });
}

/** Milliseconds of `rounds` fdatasyncs, each after a write of `bytes`. */
export function fdatasyncs(directory: string, rounds: number, bytes: number): number[] {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'fdatasync.probe');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(bytes, 1);
  writeSync(file, Buffer.alloc(bytes * rounds)); // preallocated: only data is synced, not the file's length
  fdatasyncSync(file);
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    writeSync(file, block, 0, bytes, i * bytes);
    const start = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - start);
  }
  closeSync(file);
  rmSync(path);
  return times;
}
