/** The command as a process: signals, broken pipes, a log that somebody else has, files that are none of ours. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLog } from '../../src/log/log.js';
import { Serdes } from '../../src/serde/serdes.js';
import { COMMAND, requireCommand } from './terminal-session.js';

const run = promisify(execFile);
let root: string;
let directory: string;
let count = 0;

beforeAll(() => {
  requireCommand();
  root = mkdtempSync(join(tmpdir(), 'millrace-command-'));
});

beforeEach(() => {
  directory = join(root, String(++count));
  mkdirSync(directory);
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function millrace(...args: string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await run(process.execPath, [COMMAND, ...args], { cwd: directory });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Ended; // execFile rejects with code, stdout and stderr.
  }
}

async function filled(records: number): Promise<void> {
  const log = await openLog(join(directory, 'data'), { durability: 'os' });
  await log.admin().createTopics([{ topic: 'order', partitions: 1 }]);
  const producer = log.producer({ value: Serdes.string() });
  const batch = Array.from({ length: records }, (_, i) => ({
    value: `record ${i} ${'x'.repeat(100)}`,
  }));
  await producer.sendBatch('order', batch);
  await log.close();
}

describe('the command as a process', { timeout: 60_000 }, () => {
  test('a misspelled directory is named, and nothing is made in it', async () => {
    const { code, stderr } = await millrace('topics', 'list', '--log', 'dat');
    expect(code).toBe(1);
    expect(stderr).toContain('There is no log in dat: the directory does not exist.');
    expect(existsSync(join(directory, 'dat'))).toBe(false);
    mkdirSync(join(directory, 'empty'));
    const empty = await millrace('topics', 'list', '--log', 'empty');
    expect(empty.stderr).toContain('There is no log in empty: the directory holds none.');
  });

  test('a log that another process has is refused, and the holder is named', async () => {
    await filled(1);
    const log = await openLog(join(directory, 'data'));
    for (const line of ['topics list', 'log check', 'log stats']) {
      const { code, stderr } = await millrace(...line.split(' '));
      expect(code).toBe(1);
      expect(stderr).toContain(String(process.pid));
      expect(stderr).toMatch(/\[LOG_LOCKED\]\n$/);
    }
    await log.close();
  });

  test('a directory of a newer version is refused by every command', async () => {
    await filled(1);
    const file = join(directory, 'data/millrace.json');
    const format = JSON.parse(readFileSync(file, 'utf8')) as { format: number };
    writeFileSync(file, JSON.stringify({ ...format, format: format.format + 1 }));
    for (const line of ['topics list', 'log check', 'log stats']) {
      const { code, stderr } = await millrace(...line.split(' '));
      expect(code).toBe(1);
      expect(stderr).toMatch(/\[LOG_FORMAT_NEWER\]\n$/);
      expect(stderr).not.toContain('    at ');
    }
  });

  test('a file that is not a segment is told from one that is damaged', async () => {
    writeFileSync(join(directory, 'notes.txt'), 'hello');
    const foreign = await millrace('log', 'dump', 'notes.txt');
    expect(foreign.code).toBe(1);
    expect(foreign.stderr).toContain('notes.txt is no file of a log');
    writeFileSync(join(directory, `${'0'.repeat(20)}.log`), 'this is no batch of records at all');
    const damaged = await millrace('log', 'dump', `${'0'.repeat(20)}.log`);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toContain('DAMAGED at position: 0');
    expect(`${foreign.stderr}${damaged.stderr}`).not.toContain('    at ');
  });

  test('segments are dumped with their records, for people and for programs', async () => {
    await filled(2);
    const segment = `data/order-0/${'0'.repeat(20)}.log`;
    const { code, stdout } = await millrace('log', 'dump', segment, '--print-data-log');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Dumping .*\nLog starting offset: 0\n/);
    expect(stdout).toContain('baseOffset: 0 lastOffset: 1 count: 2');
    expect(stdout).toContain('payload: record 1');
    const [batch] = (await millrace('log', 'dump', segment, '--deep-iteration', '--json')).stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { count: number; records: { value: string }[] });
    expect(batch?.count).toBe(2);
    expect(Buffer.from(batch?.records[0]?.value ?? '', 'base64').toString()).toMatch(/^record 0/);
  });

  test('check and stats say what a log holds, and check finds damage', async () => {
    await filled(3);
    const stats = JSON.parse((await millrace('log', 'stats', '--json')).stdout) as object;
    expect(stats).toMatchObject({
      topics: [{ topic: 'order', recordsMax: 3 }],
      cleanShutdown: true,
    });
    expect((await millrace('log', 'stats', 'data')).stdout).toMatch(/^order +1 +1 +3 +\d+$/m);
    const good = await millrace('log', 'check');
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatch(/3 records.*\nok\n$/);
    const segment = join(directory, `data/order-0/${'0'.repeat(20)}.log`);
    const bytes = readFileSync(segment);
    bytes[100]! ^= 0xff;
    writeFileSync(segment, bytes);
    const bad = await millrace('log', 'check');
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/^error .*\n.*\nRead .*\ndamaged: 1 error/);
  });

  test('Ctrl-C ends a follower cleanly: committed, closed, code 0', async () => {
    await filled(2);
    const args = ['consume', 'order', '--group', 'g', '--from-beginning'];
    const child = spawn(process.execPath, [COMMAND, ...args], { cwd: directory });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let out = '';
    child.stdout.on('data', (text: Buffer) => {
      out += String(text);
      if (out.includes('record 1 ')) child.kill('SIGINT');
    });
    expect(await ended).toBe(0);
    const group = await millrace('groups', 'describe', 'g', '--json');
    expect(JSON.parse(group.stdout)).toMatchObject([{ offsets: [{ currentOffset: 2, lag: 0 }] }]);
    const check = JSON.parse((await millrace('log', 'check', '--json')).stdout) as object;
    expect(check).toMatchObject({ ok: true, cleanShutdown: true });
  });

  test('a module that cannot be loaded is told in one line', async () => {
    const missing = await millrace('topology', 'missing.js');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^[^\n]*missing\.js' \[INVALID_ARGUMENT\]\n$/);
    writeFileSync(join(directory, 'wrong.mjs'), 'export const topology = ;\n');
    const wrong = await millrace('topology', 'wrong.mjs');
    expect(wrong.stderr).toContain('wrong.mjs cannot be loaded: SyntaxError');
    writeFileSync(join(directory, 'throws.mjs'), "throw new RangeError('no orders');\n");
    const throws = await millrace('topology', 'throws.mjs');
    expect(throws.stderr).toMatch(/RangeError: no orders \(file:.*throws\.mjs:1:7\)/);
    expect(`${missing.stderr}${wrong.stderr}${throws.stderr}`).not.toContain('    at ');
  });

  describe.skipIf(spawnSync('bash', ['--version']).status !== 0)('behind a pipe', () => {
    const shell = (line: string): Promise<{ stdout: string; stderr: string }> =>
      run('bash', ['-c', `millrace() { '${process.execPath}' '${COMMAND}' "$@"; }; ${line}`], {
        cwd: directory,
      });

    test('a reader that leaves ends a follower quietly, with code 0', async () => {
      await filled(5000);
      const { stdout, stderr } = await shell(
        'millrace consume order --from-beginning | head -1; echo "code ${PIPESTATUS[0]}"',
      );
      expect(stdout).toMatch(/^record 0 x+\ncode 0\n$/);
      expect(stderr).not.toMatch(/EPIPE|Error|   at /);
      const check = JSON.parse((await millrace('log', 'check', '--json')).stdout) as object;
      expect(check).toMatchObject({ ok: true, cleanShutdown: true });
    });

    test('lines of a pipe are produced and come out again', async () => {
      await millrace('topics', 'create', 'lines');
      const { stdout } = await shell(
        'seq 1 3000 | millrace produce lines; millrace consume lines --from-beginning --until-end | tail -1',
      );
      expect(stdout).toBe('3000\n');
    });

    test.each(['produce lines', 'delete-records'])(
      '%s of a pipe in the place of a file says that - is meant',
      async (command) => {
        await millrace('topics', 'create', 'lines', '--if-not-exists');
        const { stdout } = await shell(`millrace ${command} <(echo text) 2>&1; echo "code $?"`);
        expect(stdout).toMatch(/is a pipe, not a file. Give - instead/);
        expect(stdout).toContain('code 1\n');
      },
    );
  });
});
