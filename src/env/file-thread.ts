/**
 * Runs file programs in their order, away from the caller's turn: in a worker thread with shared memory
 * (`workerFileThread`), or step by step on the caller's own loop over any file system (`inlineFileThread`, for
 * simulations). At most two programs are under way: the next one may be handed over when the one before reached
 * its mark. After a failure nothing more is run.
 */
import { Worker } from 'node:worker_threads';
import { assert, StreamsError } from '../errors.js';
import type { Timers } from './env.js';
import { fileError } from './file-errors.js';
import { CALL_NUMBERS, CALL, runProgram, type ProgramFile } from './file-program.js';
import { FileProgram } from './file-commands.js';
import type { FileSystem } from './file-system.js';

/** Programs whose memory may be in use at once. */
export const PROGRAM_SLOTS = 2;

/** Told about programs in their order. */
export interface FileThreadListener {
  /** The calls before the mark are done. */
  marked(): void;
  /** All calls are done; the program's memory is free again. */
  done(): void;
  /** A call failed; nothing after it was run or ever will be. */
  failed(error: StreamsError): void;
}

export interface FileThread {
  /** An empty program to fill and submit; at most one is open at a time. */
  begin(): FileProgram;
  submit(program: FileProgram): void;
  /** Ends the thread after the programs that were submitted; open files are closed. */
  close(): Promise<void>;
}

interface FailureMessage {
  readonly sequence: number;
  readonly errno: string | undefined;
  readonly syscall: string | undefined;
  readonly path: string | undefined;
  readonly message: string;
}

/** A thread with synchronous calls of its own. Keeps the process alive only while programs are under way. `submitted`: where it begins to count programs. */
export function workerFileThread(
  listener: FileThreadListener,
  script = new URL('./file-worker.js', import.meta.url),
  submitted = 0,
): FileThread {
  return new WorkerFileThread(listener, script, submitted);
}

class WorkerFileThread implements FileThread {
  readonly #listener: FileThreadListener;
  readonly #worker: Worker;
  readonly #control = new Int32Array(new SharedArrayBuffer(32));
  readonly #programs: FileProgram[];
  readonly #ended: Promise<void>;
  #submitted: number;
  #underWay = 0;
  #closing = false;
  #failed = false;

  constructor(listener: FileThreadListener, script: URL, submitted: number) {
    this.#listener = listener;
    this.#submitted = submitted;
    Atomics.store(this.#control, 0, submitted);
    this.#programs = Array.from(
      { length: PROGRAM_SLOTS },
      (_, slot) => new FileProgram(slot, true),
    );
    this.#worker = new Worker(script, {
      workerData: { control: this.#control, submitted },
      name: 'millrace journal',
      execArgv: [],
    });
    this.#worker.on('message', (message: number | FailureMessage) => this.#told(message));
    this.#worker.on('error', (error) => this.#died(error));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        if (!this.#closing) this.#died(undefined);
        resolve();
      });
    });
    this.#worker.unref();
  }

  begin(): FileProgram {
    const program = this.#programs[(this.#submitted + 1) % PROGRAM_SLOTS]!;
    program.clear();
    return program;
  }

  submit(program: FileProgram): void {
    assert(
      this.#underWay < PROGRAM_SLOTS && !this.#closing,
      'a program waits for the one before it',
    );
    if (program.moved) {
      program.moved = false;
      this.#worker.postMessage({ slot: program.slot, calls: program.calls, data: program.data });
      Atomics.add(this.#control, 2, 1);
    }
    if (this.#underWay++ === 0) this.#worker.ref();
    this.#submitted++;
    assert(
      program.slot === this.#submitted % PROGRAM_SLOTS,
      'programs are submitted as they were begun',
    );
    Atomics.store(this.#control, 3 + program.slot, program.count);
    Atomics.store(this.#control, 0, this.#submitted);
    Atomics.notify(this.#control, 0);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#worker.ref();
    Atomics.store(this.#control, 1, 1);
    Atomics.store(this.#control, 0, this.#submitted + 1);
    Atomics.notify(this.#control, 0);
    await this.#ended;
  }

  #told(message: number | FailureMessage): void {
    if (typeof message !== 'number') {
      this.#fail(
        fileError(
          message.errno,
          message.syscall ?? 'write',
          message.path ?? 'the journal',
          new Error(message.message),
        ),
      );
    } else if (message % 2 === 0) this.#listener.marked();
    else {
      if (--this.#underWay === 0) this.#worker.unref();
      this.#listener.done();
    }
  }

  #died(cause: unknown): void {
    this.#fail(
      new StreamsError(
        'IO_FAILED',
        `The journal's thread ended unexpectedly${cause instanceof Error ? `: ${cause.message}` : ''}.`,
        { cause },
      ),
    );
  }

  #fail(error: StreamsError): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#worker.unref();
    this.#listener.failed(error);
  }
}

/** The same on the caller's loop: a program runs up to its mark in one turn, and the rest of it in the next. */
export function inlineFileThread(
  files: FileSystem,
  timers: Timers,
  listener: FileThreadListener,
): FileThread {
  return new InlineFileThread(files, timers, listener);
}

class InlineFileThread implements FileThread {
  readonly #files: FileSystem;
  readonly #timers: Timers;
  readonly #listener: FileThreadListener;
  readonly #open = new Map<number, ProgramFile>();
  readonly #programs = Array.from(
    { length: PROGRAM_SLOTS },
    (_, slot) => new FileProgram(slot, false),
  );
  readonly #waiting: FileProgram[] = [];
  #submitted = 0;
  #at = 0;
  #failed = false;
  #idle: (() => void) | undefined;

  constructor(files: FileSystem, timers: Timers, listener: FileThreadListener) {
    this.#files = files;
    this.#timers = timers;
    this.#listener = listener;
  }

  begin(): FileProgram {
    const program = this.#programs[(this.#submitted + 1) % PROGRAM_SLOTS]!;
    program.clear();
    return program;
  }

  submit(program: FileProgram): void {
    assert(this.#waiting.length < PROGRAM_SLOTS, 'a program waits for the one before it');
    this.#submitted++;
    this.#waiting.push(program);
    if (this.#waiting.length === 1) this.#timers.immediate(() => this.#turn());
  }

  async close(): Promise<void> {
    if (this.#waiting.length > 0 && !this.#failed) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }

  #turn(): void {
    const program = this.#waiting[0]!;
    const { calls, data, count } = program;
    try {
      this.#at = runProgram(this.#files, this.#open, calls, data, this.#at, count);
    } catch (error) {
      // Whatever is not an operating error means that this process is over, as in a simulated crash.
      if (!(error instanceof StreamsError)) throw error;
      this.#failed = true;
      this.#listener.failed(error);
      this.#idle?.();
      return;
    }
    const marked = calls[(this.#at - 1) * CALL_NUMBERS] === CALL.MARK;
    const ended = this.#at === count;
    if (ended) {
      this.#waiting.shift();
      this.#at = 0;
    }
    if (!ended || this.#waiting.length > 0) this.#timers.immediate(() => this.#turn());
    if (marked) this.#listener.marked();
    if (ended) this.#listener.done();
    if (this.#waiting.length === 0) this.#idle?.();
  }
}
