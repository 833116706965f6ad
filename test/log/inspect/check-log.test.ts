/** The check of a log finds nothing wrong with a whole one, and names every kind of damage by its kind, file and byte. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedFiles } from '../../../src/env/simulated-files.js';
import { StreamsError } from '../../../src/errors.js';
import { checkLog } from '../../../src/log/inspect/inspect.js';
import { check, closedLog, DIRECTORY, openOn, overwrite, told } from './filled-log.js';

const contents = (files: SimulatedFiles) =>
  files.paths().map((path) => `${path} ${files.bytes(path).toString('base64')}`);

describe('a whole log', () => {
  it('has no findings, and is not changed by looking at it', async () => {
    const files = await closedLog();
    const before = contents(files);
    const operations = files.operations;
    const report = await check(files);
    expect(told(report)).toEqual([]);
    expect(report).toMatchObject({ ok: true, cleanShutdown: true, tornBytes: 0, errors: 0 });
    expect(report.totals).toMatchObject({ topics: 2, partitions: 3, journalFiles: 1 });
    expect(report.totals.segments).toBeGreaterThan(3);
    expect(report.totals.indexEntries).toBeGreaterThan(3);
    expect(report.totals.records).toBe(3 * 104 + 6 * 2);
    expect(contents(files)).toEqual(before);
    expect(files.operations).toBe(operations);
  });
});

/** A file of the log: the first whose path matches. */
const pathOf = (files: SimulatedFiles, pattern: RegExp): string => {
  const path = files.paths().find((candidate) => pattern.test(candidate));
  if (path === undefined) throw new Error(`no file matches ${String(pattern)}`);
  return path;
};
const SEGMENT = /orders-0\/\d{20}\.log$/;
const INDEX = /orders-0\/\d{20}\.index$/;
const TIME_INDEX = /orders-0\/\d{20}\.timeindex$/;
const JOURNAL = /journal-\d{20}$/;

/** Checks a copy of the log after `damage`, which returns the path it damaged. */
async function damaged(
  damage: (files: SimulatedFiles) => string,
): Promise<{ readonly path: string; readonly lines: string[]; readonly ok: boolean }> {
  const files = await closedLog();
  const path = damage(files);
  const report = await check(files);
  return { path, lines: told(report), ok: report.ok };
}

const cut = (files: SimulatedFiles, pattern: RegExp, bytes: number): string => {
  const path = pathOf(files, pattern);
  overwrite(files, path, files.bytes(path).subarray(0, -bytes));
  return path;
};

const swap = (files: SimulatedFiles, a: string, b: string): string => {
  const [first, second] = [files.bytes(a), files.bytes(b)];
  overwrite(files, a, second);
  overwrite(files, b, first);
  return a;
};

describe('a damaged log', () => {
  it('names the batch of every flipped bit in a segment', async () => {
    const whole = await closedLog();
    const path = pathOf(whole, SEGMENT);
    const { length } = whole.bytes(path);
    for (let position = 0; position < length; position += 37) {
      const files = whole.copy(position);
      files.flip(path, position, position % 8);
      const report = await check(files);
      const found = report.findings.filter(
        ({ severity, file, position: at = -1 }) =>
          severity === 'error' && file === path && at <= position && at > position - 1200,
      );
      // The leader epoch (bytes 12 to 15) is outside the CRC, in Kafka's files as in ours, and means nothing here.
      const epoch = found.length === 0 && isLeaderEpoch(whole.bytes(path), position);
      expect({ position, found: found.length > 0 || epoch }).toEqual({ position, found: true });
    }
  });

  it('names the journal file and the place of every flipped bit', async () => {
    const whole = await closedLog();
    const path = pathOf(whole, JOURNAL);
    const bytes = whole.bytes(path);
    let end = bytes.length;
    while (bytes[end - 1] === 0) end--;
    for (let position = 0; position < end; position += 29) {
      const files = whole.copy(position);
      files.flip(path, position, position % 8);
      const report = await check(files).catch((error: unknown) => error);
      // The version is the one field that can say "newer" instead of "damaged", but the header has a CRC.
      if (report instanceof StreamsError) throw report;
      expect({ position, lines: told(report as Awaited<ReturnType<typeof check>>) }).toEqual({
        position,
        lines: expect.arrayContaining([expect.stringContaining(`error journal-file ${path} @`)]),
      });
    }
  });

  it('says so when millrace.json is missing or is not what a log writes', async () => {
    const missing = await damaged((files) => {
      files.remove(`${DIRECTORY}/millrace.json`);
      return '';
    });
    expect(missing.lines).toContain('error format-file /log/millrace.json');
    const odd = await damaged((files) => {
      overwrite(files, `${DIRECTORY}/millrace.json`, Buffer.from('{'));
      return '';
    });
    expect(odd.lines).toContain('error format-file /log/millrace.json');
  });

  it('names a journal of another log', async () => {
    const other = new SimulatedFiles();
    const env = new SimulatedEnv({ files: other, seed: 99 });
    await env.run((await openOn(env)).close());
    const { lines, path } = await damaged((files) => {
      const target = pathOf(files, JOURNAL);
      const header = Buffer.from(files.bytes(target));
      other.bytes(pathOf(other, JOURNAL)).copy(header, 24, 24, 40);
      overwrite(files, target, header);
      return target;
    });
    expect(lines[0]).toMatch(`error journal-file ${path} @`);
  });

  it('names a segment that is cut, missing, longer than written, or another one', async () => {
    const short = await damaged((files) => cut(files, SEGMENT, 10));
    expect(short.lines[0]).toMatch(`error segment-short ${short.path} @`);
    const missing = await damaged((files) => {
      const path = pathOf(files, SEGMENT);
      files.remove(path);
      return path;
    });
    expect(missing.lines).toContain(`error segment-missing ${missing.path}`);
    const long = await damaged((files) => {
      const path = pathOf(files, SEGMENT);
      overwrite(files, path, Buffer.concat([files.bytes(path), Buffer.alloc(7)]));
      return path;
    });
    expect(long.lines.join('\n')).toContain(`error segment-long ${long.path} @`);
    const swapped = await damaged((files) =>
      swap(files, pathOf(files, SEGMENT), files.paths().filter((path) => SEGMENT.test(path))[1]!),
    );
    expect(swapped.lines.join('\n')).toContain(`error batch-order ${swapped.path} @0`);
    expect(swapped.ok).toBe(false);
  });

  it('names an index that is wrong, cut, missing, or another one, and is fine without it', async () => {
    for (const [pattern, kind] of [
      [INDEX, 'offset-index'],
      [TIME_INDEX, 'time-index'],
    ] as const) {
      const largest = (files: SimulatedFiles) =>
        files
          .paths()
          .filter((path) => pattern.test(path))
          .toSorted((a, b) => files.bytes(b).length - files.bytes(a).length);
      const wrong = await damaged((files) => {
        const path = largest(files)[0]!;
        files.flip(path, kind === 'offset-index' ? 7 : 11, 0);
        return path;
      });
      expect(wrong.lines).toEqual([`warning ${kind} ${wrong.path} @0`]);
      const short = await damaged((files) => {
        const path = largest(files)[0]!;
        overwrite(files, path, files.bytes(path).subarray(0, -1));
        return path;
      });
      expect(short.lines.join('\n')).toContain(`warning ${kind} ${short.path} @`);
      const missing = await damaged((files) => {
        const path = largest(files)[0]!;
        files.remove(path);
        return path;
      });
      expect(missing).toMatchObject({ ok: true, lines: [`info ${kind} ${missing.path}`] });
      const swapped = await damaged((files) => swap(files, largest(files)[0]!, largest(files)[1]!));
      expect(swapped.lines.join('\n')).toContain(`warning ${kind} ${swapped.path}`);
    }
  });

  it('names files that no log makes, and rests of a crash apart from them', async () => {
    const { lines, ok } = await damaged((files) => {
      overwrite(files, `${DIRECTORY}/notes.txt`, Buffer.from('mine'));
      overwrite(files, `${DIRECTORY}/orders-0/photo.jpg`, Buffer.from('mine'));
      files.makeDirectory(`${DIRECTORY}/payments-3`);
      overwrite(files, `${DIRECTORY}/journal-00000000000000000009.new`, Buffer.from(''));
      return '';
    });
    expect(ok).toBe(true);
    expect(lines.toSorted()).toEqual([
      'info leftover /log/journal-00000000000000000009.new',
      'warning foreign-file /log/notes.txt',
      'warning foreign-file /log/orders-0/photo.jpg',
      'warning foreign-file /log/payments-3',
    ]);
  });

  it('keeps no more findings than asked for, and counts the others', async () => {
    const files = await closedLog();
    for (const name of ['a', 'b', 'c', 'd'])
      overwrite(files, `${DIRECTORY}/${name}`, Buffer.from('mine'));
    const env = new SimulatedEnv({ files });
    const report = await env.run(checkLog(DIRECTORY, { env, findingsMax: 3 }));
    expect(report).toMatchObject({ findingsLeftOut: 1, warnings: 4, findings: { length: 3 } });
  });
});

function isLeaderEpoch(bytes: Buffer, position: number): boolean {
  for (let at = 0; at < bytes.length; at += bytes.readInt32BE(at + 8) + 12)
    if (position >= at + 12 && position < at + 16) return true;
  return false;
}

describe('a log that cannot be checked', () => {
  const refusal = async (directory: string, files: SimulatedFiles): Promise<StreamsError> => {
    const env = new SimulatedEnv({ files });
    const found = await env.run(checkLog(directory, { env }).catch((error: unknown) => error));
    if (found instanceof StreamsError) return found;
    throw new Error('it was checked');
  };

  it('is in use: the holder is named', async () => {
    const files = new SimulatedFiles();
    const env = new SimulatedEnv({ files });
    const engine = await openOn(env);
    const { code, message } = await refusal(DIRECTORY, files);
    expect({ code, message }).toEqual({
      code: 'LOG_LOCKED',
      message: expect.stringContaining('4242'),
    });
    await env.run(engine.close());
    expect((await check(files)).ok).toBe(true);
  });

  it('is no log, or not there, or of a newer version', async () => {
    const files = await closedLog();
    files.makeDirectory('/elsewhere');
    expect((await refusal('/elsewhere', files)).message).toContain('is no log');
    expect((await refusal('/nowhere', files)).message).toContain('There is no directory');
    expect((await refusal('', files)).code).toBe('INVALID_ARGUMENT');
    const json = Buffer.from(`{"format":99,"logId":"${'0'.repeat(32)}"}`);
    overwrite(files, `${DIRECTORY}/millrace.json`, json);
    expect((await refusal(DIRECTORY, files)).code).toBe('LOG_FORMAT_NEWER');
  });
});
