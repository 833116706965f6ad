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
/** @type {Int32Array} */
const control = workerData.control;
const port = parentPort;
if (port === null) throw new Error('This file runs in a worker thread.');

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

/** @type {{ calls: Float64Array, data: Uint8Array }[]} */
const programs = [];
/** @type {Map<number, ProgramFile>} */
const open = new Map();
let received = 0;
let failed = false;

/** @param {number} sequence */
function run(sequence) {
  while (received < Atomics.load(control, 2)) {
    const message = receiveMessageOnPort(
      /** @type {import('node:worker_threads').MessagePort} */ (port),
    )?.message;
    if (message === undefined) continue;
    programs[message.slot] = message;
    received++;
  }
  const slot = sequence % SLOTS;
  const count = Atomics.load(control, 3 + slot);
  const { calls, data } = /** @type {{ calls: Float64Array, data: Uint8Array }} */ (programs[slot]);
  let at = 0;
  while (at < count) {
    at = runProgram(files, open, calls, data, at, count);
    if (calls[(at - 1) * CALL_NUMBERS] === CALL.MARK) port?.postMessage(sequence * 2);
  }
  port?.postMessage(sequence * 2 + 1);
}

/** @param {number} sequence */
function attempt(sequence) {
  try {
    run(sequence);
  } catch (error) {
    failed = true;
    const { code, syscall, path, message } = /** @type {NodeJS.ErrnoException} */ (error);
    port?.postMessage({ sequence, errno: code, syscall, path, message });
  }
}

/** The program after the last one is the end itself. */
let done = 0;
for (let ended = false; !ended;) {
  Atomics.wait(control, 0, done);
  while (done < Atomics.load(control, 0)) {
    done++;
    ended = Atomics.load(control, 1) === 1 && done === Atomics.load(control, 0);
    if (!ended && !failed) attempt(done);
  }
}
for (const file of open.values()) file.close();
