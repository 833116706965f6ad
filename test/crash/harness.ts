/**
 * Kills a word count with SIGKILL at random moments, starts it again, and at the end compares what the log holds with
 * a count made by hand. Half of the kills come after the application is running, the others anywhere from the start of
 * the process, recovery included. Everything random comes from the seed except what the machine's timing adds.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { generator, linesOf } from './plan.js';
import { check, checkFiles, type Findings } from './check.js';

const victim = fileURLToPath(new URL('./victim.js', import.meta.url));

export interface CrashOptions {
  readonly directory: string;
  readonly seed: number;
  readonly rounds: number;
  readonly lines: number;
  readonly report?: (line: string) => void;
}

interface Child {
  readonly running: Promise<void>;
  /** Resolves with the signal or exit code; the text is what it said on stderr. */
  readonly ended: Promise<{ readonly how: string; readonly stderr: string }>;
  kill(): void;
}

function start(options: CrashOptions, ...more: string[]): Child {
  const { directory, seed, lines } = options;
  const child = spawn(process.execPath, [victim, directory, `${seed}`, `${lines}`, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ how: string; stderr: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ how: signal ?? `exit ${code}`, stderr }));
  });
  const running = new Promise<void>((resolve) => {
    child.stdout.once('data', () => resolve());
    child.on('close', () => resolve());
  });
  return { running, ended, kill: () => child.kill('SIGKILL') };
}

export async function crash(options: CrashOptions): Promise<Findings> {
  const { directory, seed, rounds, lines, report = () => {} } = options;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const random = generator(seed ^ 0x5bd1e995);
  let startUpMs = 500;
  for (let round = 1; round <= rounds; round++) {
    const startedAt = performance.now();
    const child = start(options);
    const afterStart = random() % 2 === 0;
    if (afterStart) {
      await child.running;
      startUpMs = performance.now() - startedAt;
    }
    const delay = random() % Math.ceil(afterStart ? 400 : startUpMs * 1.5);
    await Promise.race([setTimeout(delay), child.ended]);
    child.kill();
    const { how, stderr } = await child.ended;
    report(`round ${round}: ${how} ${delay} ms after ${afterStart ? 'running' : 'start'}`);
    if (how !== 'SIGKILL')
      throw new Error(`round ${round}: the child ended by itself (${how}):\n${stderr}`);
    const wrong = await checkFiles(join(directory, 'log'));
    if (wrong.length > 0) throw new Error(`round ${round}:\n${wrong.join('\n')}`);
  }
  const last = await start(options, '--finish').ended;
  if (last.how !== 'exit 0') throw new Error(`the last run failed (${last.how}):\n${last.stderr}`);
  const acknowledged = await readFile(join(directory, 'acknowledged'), 'utf8');
  return check(join(directory, 'log'), linesOf(seed, lines), acknowledged);
}
