/** File programs: the worker thread and the inline one do the same, in order, and stop at the first failure. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  inlineFileThread,
  workerFileThread,
  type FileThread,
  type FileThreadListener,
} from '../../src/env/file-thread.js';
import { systemEnv } from '../../src/env/system-env.js';
import type { StreamsError } from '../../src/errors.js';

/** Notes what it is told, and lets a test wait for it. */
class Listener implements FileThreadListener {
  readonly told: string[] = [];
  error: StreamsError | undefined;
  #wake: (() => void) | undefined;

  marked(): void {
    this.#note('marked');
  }

  done(): void {
    this.#note('done');
  }

  failed(error: StreamsError): void {
    this.error = error;
    this.#note('failed');
  }

  async until(count: number): Promise<void> {
    while (this.told.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #note(what: string): void {
    this.told.push(what);
    this.#wake?.();
  }
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-thread-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const THREADS: readonly (readonly [string, (listener: FileThreadListener) => FileThread])[] = [
  ['the worker thread', (listener) => workerFileThread(listener)],
  [
    'the inline thread',
    (listener) => inlineFileThread(systemEnv().files, systemEnv().timers, listener),
  ],
];

describe.each(THREADS)('%s', (_, make) => {
  it('runs calls in their order and tells of marks before the rest is done', async () => {
    const listener = new Listener();
    const thread = make(listener);
    const path = `${directory}/a`;
    let program = thread.begin();
    program.create(1, path);
    program.writeBytes(1, 2, Buffer.from('hello'));
    program.datasync(1);
    program.mark();
    program.zero(1, 7, 3);
    program.makeDirectory(`${directory}/x/y`);
    thread.submit(program);
    await listener.until(2);
    expect(listener.told).toEqual(['marked', 'done']);
    expect(readFileSync(path, 'latin1')).toBe('\0\0hello\0\0\0');

    program = thread.begin();
    program.writeBytes(1, 0, Buffer.from('>>'));
    program.close(1);
    program.rename(path, `${directory}/ä`);
    program.syncDirectory(directory);
    program.create(2, `${directory}/x/file`);
    program.removeDirectory(`${directory}/x/y`);
    program.removeDirectory(`${directory}/none`);
    program.remove(`${directory}/none`);
    thread.submit(program);
    await listener.until(3);
    expect(readFileSync(`${directory}/ä`, 'latin1')).toBe('>>hello\0\0\0');
    expect(readdirSync(`${directory}/x`)).toEqual(['file']);
    await thread.close();
    expect(listener.told).toEqual(['marked', 'done', 'done']);
  });

  it('carries more bytes and calls than its memory had room for at first', async () => {
    const listener = new Listener();
    const thread = make(listener);
    const bytes = Buffer.alloc(300_000, 'x');
    const program = thread.begin();
    program.create(1, `${directory}/big`);
    for (let i = 0; i < 1000; i++) program.writeBytes(1, i * 300, bytes.subarray(0, 300));
    program.writeBytes(1, 300_000, bytes);
    program.mark();
    thread.submit(program);
    await listener.until(2);
    expect(readFileSync(`${directory}/big`).equals(Buffer.alloc(600_000, 'x'))).toBe(true);
    await thread.close();
  });

  it('stops for good at the first call that fails, and names the file', async () => {
    const listener = new Listener();
    const thread = make(listener);
    let program = thread.begin();
    program.open(1, `${directory}/none`);
    program.mark();
    program.create(2, `${directory}/never`);
    thread.submit(program);
    await listener.until(1);
    program = thread.begin();
    program.create(2, `${directory}/never`);
    await thread.close();
    expect(listener.told).toEqual(['failed']);
    expect(listener.error).toMatchObject({
      code: 'IO_FAILED',
      where: { file: `${directory}/none` },
    });
    expect(listener.error?.message).toContain('ENOENT');
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('a worker thread that dies', () => {
  it('is a failure, told once', async () => {
    const listener = new Listener();
    const thread = workerFileThread(listener, new URL('data:text/javascript,process.exit(3)'));
    const program = thread.begin();
    program.mark();
    thread.submit(program);
    await listener.until(1);
    await thread.close();
    expect(listener.told).toEqual(['failed']);
    expect(listener.error).toMatchObject({ code: 'IO_FAILED' });
    expect(listener.error?.message).toContain('ended unexpectedly');
  });
});

describe('the number of programs', () => {
  it('may pass what 32 bits hold', async () => {
    const listener = new Listener();
    const thread = workerFileThread(listener, undefined, 2_147_483_645);
    for (let i = 0; i < 6; i++) {
      const program = thread.begin();
      program.create(1, `${directory}/${i}`);
      program.mark();
      program.close(1);
      thread.submit(program);
      // oxlint-disable-next-line no-await-in-loop -- one program follows the other
      await listener.until(2 * (i + 1));
    }
    await thread.close();
    expect(readdirSync(directory)).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(listener.told.filter((what) => what === 'done')).toHaveLength(6);
  });
});
