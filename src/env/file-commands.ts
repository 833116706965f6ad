/**
 * Builds one file program: calls and their data in memory that a file thread can read without a copy. Bytes are
 * written into the program's `data` by the caller, at places it reserved.
 */
import { writeUtf8 } from './bytes.js';
import { CALL, CALL_NUMBERS } from './file-program.js';

const CALLS_MIN = 256;
const DATA_BYTES_MIN = 65_536;
/** Memory that a large program needed is given back when the next ones are smaller than this part of it. */
const SHRINK_BYTES = 16_777_216;

export class FileProgram {
  readonly slot: number;
  /** Its memory is not the one the thread knows. */
  moved = true;
  calls: Float64Array;
  data: Buffer;
  count = 0;
  readonly #shared: boolean;
  #used = 0;

  constructor(slot: number, shared: boolean) {
    this.slot = slot;
    this.#shared = shared;
    this.calls = new Float64Array(this.#memory(CALLS_MIN * CALL_NUMBERS * 8));
    this.data = Buffer.from(this.#memory(DATA_BYTES_MIN));
  }

  clear(): void {
    if (this.data.length > SHRINK_BYTES && this.#used * 4 < this.data.length) {
      this.data = Buffer.from(this.#memory(SHRINK_BYTES));
      this.moved = true;
    }
    this.count = 0;
    this.#used = 0;
  }

  /** Makes room for `bytes` of data and returns where it begins. `data` may be another buffer afterwards. */
  reserve(bytes: number): number {
    const at = this.#used;
    this.#used += bytes;
    if (this.#used > this.data.length) {
      const grown = Buffer.from(this.#memory(Math.max(this.#used, this.data.length * 2)));
      grown.set(this.data.subarray(0, at));
      this.data = grown;
      this.moved = true;
    }
    return at;
  }

  open(file: number, path: string): void {
    this.#pathCall(CALL.OPEN, path, file);
  }

  create(file: number, path: string): void {
    this.#pathCall(CALL.CREATE, path, file);
  }

  /** Writes `data[at, at + length)` to the file. */
  write(file: number, position: number, at: number, length: number): void {
    this.#call(CALL.WRITE, file, position, at, length);
  }

  writeBytes(file: number, position: number, bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.data.set(bytes, at);
    this.write(file, position, at, bytes.length);
  }

  zero(file: number, position: number, length: number): void {
    this.#call(CALL.ZERO, file, position, 0, length);
  }

  datasync(file: number): void {
    this.#call(CALL.DATASYNC, file, 0, 0, 0);
  }

  close(file: number): void {
    this.#call(CALL.CLOSE, file, 0, 0, 0);
  }

  rename(from: string, to: string): void {
    const bytes = Buffer.byteLength(from);
    this.#pathCall(CALL.RENAME, from + to, 0, bytes);
  }

  remove(path: string): void {
    this.#pathCall(CALL.REMOVE, path, 0);
  }

  makeDirectory(path: string): void {
    this.#pathCall(CALL.MAKE_DIRECTORY, path, 0);
  }

  removeDirectory(path: string): void {
    this.#pathCall(CALL.REMOVE_DIRECTORY, path, 0);
  }

  syncDirectory(path: string): void {
    this.#pathCall(CALL.SYNC_DIRECTORY, path, 0);
  }

  mark(): void {
    this.#call(CALL.MARK, 0, 0, 0, 0);
  }

  #pathCall(code: number, path: string, file: number, position = 0): void {
    const length = Buffer.byteLength(path);
    const at = this.reserve(length);
    writeUtf8(this.data, path, at);
    this.#call(code, file, position, at, length);
  }

  #call(code: number, file: number, position: number, at: number, length: number): void {
    const from = this.count * CALL_NUMBERS;
    if (from + CALL_NUMBERS > this.calls.length) {
      const grown = new Float64Array(this.#memory(this.calls.length * 2 * 8));
      grown.set(this.calls);
      this.calls = grown;
      this.moved = true;
    }
    const calls = this.calls;
    calls[from] = code;
    calls[from + 1] = file;
    calls[from + 2] = position;
    calls[from + 3] = at;
    calls[from + 4] = length;
    this.count++;
  }

  #memory(bytes: number): ArrayBuffer {
    // Typed arrays take both kinds of memory; their types tell only one of them.
    return (this.#shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)) as ArrayBuffer;
  }
}
