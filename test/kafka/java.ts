/** Java processes on Kafka's class path: ones that run to their end, and ones that stay (the broker). */
import { spawn, type ChildProcess } from 'node:child_process';

/** Short lives: no second compiler, no collector threads. Text leaves as UTF-8 wherever it runs. */
const OPTIONS = [
  '-Xshare:auto',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xmx512m',
  '-Dfile.encoding=UTF-8',
  '-Dstdout.encoding=UTF-8',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

/** What a JVM says about its environment, not about its program. */
const JVM_NOTICE = /^Picked up .*\n/gm;

/** What a process wrote to its two outputs; Kafka's tools complain on the second and end with 0 all the same. */
export interface JavaOutput {
  readonly output: Buffer;
  readonly errors: string;
}

export class Java {
  readonly #classPath: string;

  constructor(classPath: string) {
    this.#classPath = classPath;
  }

  /** Runs a class, or a single source file, to its end. Rejects when its status is not 0. */
  run(program: string, args: readonly string[] = [], input = ''): Promise<JavaOutput> {
    const child = this.start(program, args);
    const written: Buffer[] = [];
    const complained: Buffer[] = [];
    child.stdout?.on('data', (bytes: Buffer) => written.push(bytes));
    child.stderr?.on('data', (bytes: Buffer) => complained.push(bytes));
    // A process that ends without reading its input breaks the pipe; its exit status is what counts.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => {
        const output = Buffer.concat(written);
        const errors = Buffer.concat(complained).toString().replaceAll(JVM_NOTICE, '');
        if (status === 0) resolve({ output, errors });
        else
          reject(
            new Error(
              `${program} ended with ${status}:\n${errors}${output.subarray(-2000).toString()}`,
            ),
          );
      });
    });
  }

  /** Starts a process; it is killed when this one ends first. */
  start(program: string, args: readonly string[] = []): ChildProcess {
    const child = spawn('java', [...OPTIONS, '-cp', this.#classPath, program, ...args]);
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.removeListener('exit', kill));
    return child;
  }
}
