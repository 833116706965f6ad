/**
 * The process as commands see it. Two rights of whoever sits on the other side are kept: Ctrl-C ends a command cleanly
 * (the second one at once), and a reader that leaves (`| head`) is no error.
 */
import type { Env } from '../env/env.js';
import { StreamsError } from '../errors.js';
import { type Log, openLog } from '../log/log.js';
import type { LogLogger } from '../log/log-options.js';
import type { ByteInput, CommandIo, Terminal, TextOutput } from './command-io.js';

type ProcessStreams = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'on' | 'exit'>;

/** Narrower terminals exist only by accident. */
const COLUMNS_MIN = 20;
const COLUMNS_UNKNOWN = 80;
/** What a shell makes of a process that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

export function processIo(
  streams: ProcessStreams,
  env: Env,
  importModule: (file: string) => Promise<unknown>,
): CommandIo {
  const stop = new AbortController();
  const err = new StreamOutput(streams.stderr, coloursWanted(streams.env), () => undefined);
  let listening = false;
  return {
    env,
    out: new StreamOutput(streams.stdout, coloursWanted(streams.env), () => stop.abort()),
    err,
    input: new ProcessInput(streams.stdin, stop.signal),
    interruption() {
      if (!listening) {
        listening = true;
        for (const signal of ['SIGINT', 'SIGTERM'] as const)
          streams.on(signal, () => {
            if (stop.signal.aborted) streams.exit(EXIT_INTERRUPTED);
            stop.abort();
          });
      }
      return stop.signal;
    },
    openLog: (directory, { create }) => openDirectory(env, directory, create, err),
    importModule,
  };
}

/** https://no-color.org, and what `dumb` terminals cannot do. */
function coloursWanted(variables: NodeJS.ProcessEnv): boolean {
  return (variables['NO_COLOR'] ?? '') === '' && variables['TERM'] !== 'dumb';
}

class StreamOutput implements TextOutput {
  readonly #stream: NodeJS.WriteStream;
  readonly #colours: boolean;
  #gone = false;

  constructor(stream: NodeJS.WriteStream, colours: boolean, onGone: () => void) {
    this.#stream = stream;
    this.#colours = colours;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      this.#gone = true;
      onGone();
    });
  }

  write(text: string): Promise<void> | undefined {
    if (this.#gone || this.#stream.write(text)) return undefined;
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done).off('error', done);
        resolve();
      };
      this.#stream.on('drain', done).on('error', done);
    });
  }

  get terminal(): Terminal | undefined {
    if (!this.#stream.isTTY) return undefined;
    const { columns } = this.#stream;
    return {
      columns: columns > 0 ? Math.max(COLUMNS_MIN, columns) : COLUMNS_UNKNOWN,
      colours: this.#colours,
    };
  }
}

class ProcessInput implements ByteInput {
  readonly #stream: NodeJS.ReadStream;
  readonly #stop: AbortSignal;

  constructor(stream: NodeJS.ReadStream, stop: AbortSignal) {
    this.#stream = stream;
    this.#stop = stop;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const end = (): void => void this.#stream.destroy();
    this.#stop.addEventListener('abort', end);
    try {
      if (!this.#stop.aborted) for await (const chunk of this.#stream) yield chunk as Uint8Array;
    } catch (error) {
      if (!this.#stop.aborted) throw error; // Else it is what destroying it looks like.
    } finally {
      this.#stop.removeEventListener('abort', end);
    }
  }
}

async function openDirectory(
  env: Env,
  directory: string,
  create: boolean,
  err: TextOutput,
): Promise<Log> {
  if (!create) requireLog(env, directory);
  const say = (message: string): void => void err.write(`${message}\n`);
  const logger: LogLogger = { info: () => undefined, warn: say, error: say };
  return openLog(directory, { logger });
}

/** A command that only looks must not leave a new log where the user misspelled a directory. */
function requireLog({ files }: Env, directory: string): void {
  const there = files.exists(directory);
  const holdsLog =
    there &&
    files.list(directory).some((name) => name === 'millrace.json' || name.startsWith('journal-'));
  if (holdsLog) return;
  const why = there ? 'the directory holds none' : 'the directory does not exist';
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `There is no log in ${directory}: ${why}. Name another one with --log DIR, or make a topic in it: millrace topics create TOPIC.`,
    { file: directory },
  );
}
