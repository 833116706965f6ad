/**
 * The world as a command sees it: two streams to write to, one to read from, logs, modules, Ctrl-C. `main.ts` connects
 * it with the process; tests connect it with strings. Nothing else in this room touches process, streams or disk.
 */
import type { Env } from '../env/env.js';
import type { Log } from '../log/log.js';

/** A person looks at it. */
export interface Terminal {
  /** Columns as they are now; the window may change its size. */
  readonly columns: number;
  readonly colours: boolean;
}

export interface TextOutput {
  /** Returns a promise when the reader is slow: wait for it before more is written. Never fails: a reader that left hears nothing. */
  write(text: string): Promise<void> | undefined;
  /** Undefined: a pipe or a file. */
  readonly terminal: Terminal | undefined;
}

export interface ByteInput {
  /** The bytes as they come; ends at the end of the input and when the command is interrupted. */
  chunks(): AsyncIterable<Uint8Array>;
  readonly isTerminal: boolean;
}

export interface CommandIo {
  /** Clock, timers and files. */
  readonly env: Env;
  readonly out: TextOutput;
  readonly err: TextOutput;
  readonly input: ByteInput;
  /**
   * Aborted by Ctrl-C, by SIGTERM, and when nobody reads the output any more. Whoever asks for it promises to end soon
   * after; for a command that does not ask, Ctrl-C ends the process.
   */
  interruption(): AbortSignal;
  /** Opens the log in a directory; unless `create`, the directory must hold one. */
  openLog(directory: string, options: { readonly create: boolean }): Promise<Log>;
  importModule(file: string): Promise<unknown>;
}
