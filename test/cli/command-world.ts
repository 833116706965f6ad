/**
 * The world of a command in a test: strings for its streams, a memory log that outlives the commands, files in a
 * simulated disk, Ctrl-C by hand.
 */
import { SimulatedFiles } from '../../src/env/simulated-files.js';
import { SeededRandom } from '../../src/env/seeded-random.js';
import { systemEnv } from '../../src/env/system-env.js';
import type { CommandIo, Terminal } from '../../src/cli/command-io.js';
import { run } from '../../src/cli/run.js';
import { type Log, memoryLog } from '../../src/log/log.js';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Given {
  /** Lines of standard input. */
  readonly lines?: readonly string[];
  /** Chunks of standard input, as they come. */
  readonly chunks?: readonly Uint8Array[];
  readonly inputIsTerminal?: boolean;
  readonly module?: unknown;
  /** Standard output and standard error are a terminal. */
  readonly terminal?: Terminal;
  readonly stop?: AbortSignal;
  /** Called with every text that is written to standard output. */
  readonly onOut?: (text: string) => void;
}

export class CommandWorld {
  readonly log: Log = memoryLog();
  readonly files = new SimulatedFiles({ random: new SeededRandom(1) });

  /** Runs a command line; the log stays open behind it. */
  async run(args: readonly string[], given: Given = {}): Promise<Result> {
    let out = '';
    let err = '';
    const terminal = given.terminal;
    const io: CommandIo = {
      env: { ...systemEnv(), files: this.files },
      out: {
        terminal,
        write: (text) => {
          out += text;
          given.onOut?.(text);
          return undefined;
        },
      },
      err: { terminal, write: (text) => void (err += text) },
      input: {
        isTerminal: given.inputIsTerminal ?? false,
        async *chunks() {
          yield* given.chunks ?? [];
          for (const line of given.lines ?? []) yield Buffer.from(`${line}\n`);
        },
      },
      interruption: () => given.stop ?? new AbortController().signal,
      openLog: () => Promise.resolve(this.#unclosed()),
      importModule: () => Promise.resolve(given.module),
    };
    const code = await run(args, '1.2.3', io);
    return { code, out, err };
  }

  /** A command line as it is typed; words are separated by blanks. */
  type(line: string, given: Given = {}): Promise<Result> {
    return this.run(
      line.split(' ').filter((word) => word !== ''),
      given,
    );
  }

  /** Makes `files/NAME`. */
  file(path: string, text: string): void {
    this.files.makeDirectory('files');
    const handle = this.files.open(path, 'create');
    handle.write(Buffer.from(text), 0);
    handle.close();
  }

  close(): Promise<void> {
    return this.log.close();
  }

  /** The test closes the log; the command's own close would end it too early. */
  #unclosed(): Log {
    const { log } = this;
    return {
      client: log.client,
      admin: () => log.admin(),
      producer: (options) => log.producer(options),
      consumer: (options) => log.consumer(options),
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}

/** Lines of JSON. */
export function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
