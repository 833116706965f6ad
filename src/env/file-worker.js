// @ts-check
/**
 * The file thread's own side: waits on shared memory for programs, runs them over Node's synchronous calls and
 * posts what happened. Calls to the device block this thread only, and never stand in line behind other users of
 * Node's thread pool. After the first failure nothing is run any more. Plain JavaScript, see `file-program.js`.
 *
 *     control: [0] programs submitted  [1] 1: the last one is the end  [2] buffer messages sent  [3 + slot] calls of the program in the slot
 *     posted:  sequence * 2 (marked), sequence * 2 + 1 (done), { sequence, errno, ... } (failed)
 */
import * as fs from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { CALL, CALL_NUMBERS, runProgram } from './file-program.js';

/** @typedef {import('./file-program.js').ProgramFile} ProgramFile */

const SLOTS = 2;
/** @implements {ProgramFile} */
class OpenFile {
  /** @param {number} descriptor @param {string} path */
  constructor(descriptor, path) {
    this.descriptor = descriptor;
    this.path = path;
  }

  /** @param {Uint8Array} bytes @param {number} position */
  write(bytes, position) {
    this.attempt(() => {
      let done = 0;
      while (done < bytes.length) {
        done += fs.writeSync(this.descriptor, bytes, done, bytes.length - done, position + done);
      }
    });
  }

  datasync() {
    this.attempt(() => fs.fdatasyncSync(this.descriptor));
  }

  /** @param {number} size */
  truncate(size) {
    this.attempt(() => fs.ftruncateSync(this.descriptor, size));
  }

  close() {
    fs.closeSync(this.descriptor);
  }

  /** Errors of calls on descriptors do not name the file. @param {() => void} call */
  attempt(call) {
    try {
      call();
    } catch (error) {
      throw Object.assign(/** @type {Error} */ (error), { path: this.path });
    }
  }
}

/** @type {import('./file-program.js').ProgramFiles} */
const files = {
  open: (path, mode) =>
    new OpenFile(fs.openSync(path, mode === 'create' ? 'wx+' : 'r+', 0o600), path),
  exists: (path) => fs.existsSync(path),
  makeDirectory: (path) => void fs.mkdirSync(path, { recursive: true, mode: 0o700 }),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  list: (path) => fs.readdirSync(path),
  removeDirectory: (path) => fs.rmdirSync(path),
  syncDirectory(path) {
    if (process.platform === 'win32') return;
    const descriptor = fs.openSync(path, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  },
};

class FileWorker {
  /** @param {Int32Array} control @param {number} submitted @param {import('node:worker_threads').MessagePort} port */
  constructor(control, submitted, port) {
    this.submitted = submitted;
    this.control = control;
    this.port = port;
    /** @type {{ calls: Float64Array, data: Uint8Array }[]} */
    this.programs = [];
    /** @type {Map<number, ProgramFile>} */
    this.open = new Map();
    this.received = 0;
    this.failed = false;
  }

  /** Until the end, which is the program after the last one. */
  serve() {
    // Counted as the shared memory does, in 32 bits that wrap: a log may live for more groups than they hold.
    let done = this.submitted | 0;
    for (let ended = false; !ended;) {
      Atomics.wait(this.control, 0, done);
      while (done !== Atomics.load(this.control, 0)) {
        done = (done + 1) | 0;
        ended = Atomics.load(this.control, 1) === 1 && done === Atomics.load(this.control, 0);
        if (!ended && !this.failed) this.attempt(done);
      }
    }
    for (const file of this.open.values()) file.close();
  }

  /** @param {number} sequence */
  attempt(sequence) {
    try {
      this.run(sequence);
    } catch (error) {
      this.failed = true;
      const { code, syscall, path, message } = /** @type {NodeJS.ErrnoException} */ (error);
      this.port.postMessage({ sequence, errno: code, syscall, path, message });
    }
  }

  /** @param {number} sequence */
  run(sequence) {
    this.receive();
    const slot = sequence & (SLOTS - 1);
    const count = Atomics.load(this.control, 3 + slot);
    const program = this.programs[slot];
    if (program === undefined) throw new Error('A program came without its memory.');
    const { calls, data } = program;
    let at = 0;
    while (at < count) {
      at = runProgram(files, this.open, calls, data, at, count);
      if (calls[(at - 1) * CALL_NUMBERS] === CALL.MARK) this.port.postMessage(sequence * 2);
    }
    this.port.postMessage(sequence * 2 + 1);
  }

  /** New memory of a program was posted before the program was submitted. */
  receive() {
    while (this.received < Atomics.load(this.control, 2)) {
      const message = receiveMessageOnPort(this.port)?.message;
      if (message === undefined) continue;
      this.programs[message.slot] = message;
      this.received++;
    }
  }
}

if (parentPort === null) throw new Error('This file runs in a worker thread.');
new FileWorker(workerData.control, workerData.submitted, parentPort).serve();
