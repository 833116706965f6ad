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
