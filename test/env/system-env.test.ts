/** The real env against the promises of the port. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemEnv } from '../../src/env/system-env.js';
import { StreamsError } from '../../src/errors.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-env-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function failure(call: () => unknown): StreamsError {
  try {
    call();
  } catch (error) {
    if (error instanceof StreamsError) return error;
    throw error;
  }
  throw new Error('the call did not fail');
}

describe('the system env', () => {
  it('gives uuids of version 4 that differ', () => {
    const { random } = systemEnv();
    const ids = Array.from({ length: 1000 }, () => random.uuid());
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('does not fire a timer whose delay is longer than the host can wait', async () => {
    const { timers } = systemEnv();
    let fired = 0;
    const long = timers.after(2 ** 40, () => fired++);
    const endless = timers.after(Number.POSITIVE_INFINITY, () => fired++, { background: true });
    await new Promise<void>((resolve) => {
      timers.after(5, resolve);
    });
    expect(fired).toBe(0);
    long.cancel();
    endless.cancel();
  });

  it('writes whole ranges, reads what is there and says so at the end of the file', () => {
    const { files } = systemEnv();
    const file = files.open(join(directory, 'a'), 'create');
    file.write(Buffer.from('hello world'), 3);
    file.datasync();
    const target = Buffer.alloc(32, 1);
    expect(file.read(target, 3)).toBe(11);
    expect(target.subarray(0, 11).toString()).toBe('hello world');
    file.truncate(5);
    expect(file.size()).toBe(5);
    file.close();
    files.syncDirectory(directory);
    expect(files.list(directory)).toEqual(['a']);
  });

  it('makes directories for this user alone', () => {
    const { files } = systemEnv();
    const path = join(directory, 'x', 'y');
    files.makeDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('names the file and the reason of a failure', () => {
    const { files } = systemEnv();
    const missing = failure(() => files.open(join(directory, 'none'), 'read'));
    expect(missing.code).toBe('IO_FAILED');
    expect(missing.where.file).toBe(join(directory, 'none'));
    expect(missing.message).toContain('ENOENT');
    files.open(join(directory, 'a'), 'create').close();
    expect(failure(() => files.open(join(directory, 'a'), 'create')).message).toContain('EEXIST');
  });
});

describe('the directory lock', () => {
  it('refuses a second open in the same process and frees the directory when released', () => {
    const { files } = systemEnv();
    const lock = files.lock(directory);
    const refused = failure(() => files.lock(directory));
    expect(refused.code).toBe('LOG_LOCKED');
    expect(refused.message).toContain(`this very process ${process.pid}`);
    lock.release();
    lock.release();
    files.lock(directory).release();
    expect(files.list(directory)).toEqual([]);
  });

  it('is kept out by a reader who leaves no trace, and refuses readers while it is held', () => {
    const { files } = systemEnv();
    const guard = files.guard(directory);
    expect(files.list(directory)).toEqual([]);
    // Elsewhere nothing keeps a writer out that leaves no trace.
    if (process.platform === 'linux')
      expect(failure(() => files.lock(directory)).code).toBe('LOG_LOCKED');
    guard.release();
    const lock = files.lock(directory);
    const refused = failure(() => files.guard(directory));
    expect(refused.code).toBe('LOG_LOCKED');
    expect(refused.message).toContain(`this very process ${process.pid}`);
    lock.release();
    files.guard(directory).release();
  });

  it('recognises the directory behind another path', () => {
    const { files } = systemEnv();
    const lock = files.lock(directory);
    expect(
      failure(() =>
        files.lock(`${directory}/../${directory.slice(directory.lastIndexOf('/') + 1)}`),
      ).code,
    ).toBe('LOG_LOCKED');
    lock.release();
  });
});
