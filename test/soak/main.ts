/**
 * `npm run soak -- --minutes M [--dir PATH] [--seed S]`: days of a log in use pass as fast as they can for M minutes, on
 * a simulated disk or in a real directory. Memory, open files and disk are sampled at the end of days and printed; the
 * run fails when one of them goes on growing after the warm-up, or when the check finds something at the end.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { systemEnv } from '../../src/env/system-env.js';
import { checkLog } from '../../src/log/inspect/inspect.js';
import { Town } from './town.js';
import { trendOf, type Series } from './trend.js';

const SAMPLES = 48;
const MB = 1_048_576;

interface Sample {
  readonly day: number;
  readonly heapBytes: number;
  readonly bufferBytes: number;
  readonly openFiles: number;
  readonly diskBytes: number;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    dir: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

const directory = values.dir === undefined ? undefined : mkdtempSync(join(values.dir, 'soak-'));
const town = new Town(Number(values.seed), directory);
const samples: Sample[] = [];
const started = performance.now();
const totalMs = Number(values.minutes) * 60_000;

function sample(): Sample {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const simulated = directory === undefined;
  const diskBytes = simulated ? town.files.usedBytes : sizeOf(directory);
  return {
    day: town.day,
    heapBytes: heapUsed,
    // The simulated disk is memory too, and no memory of the log; reads of it may be under way twice.
    bufferBytes: simulated ? 0 : arrayBuffers,
    openFiles: simulated ? town.files.openFiles : openDescriptors(),
    diskBytes,
  };
}

function sizeOf(path: string): number {
  let bytes = 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}

/** Zero where the system does not tell. */
function openDescriptors(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
}

function printSample({ day, heapBytes, bufferBytes, openFiles, diskBytes }: Sample): void {
  const cells = [
    String(day).padStart(7),
    (heapBytes / MB).toFixed(1).padStart(9),
    (bufferBytes / MB).toFixed(1).padStart(11),
    String(openFiles).padStart(6),
    (diskBytes / MB).toFixed(2).padStart(9),
    String(town.records).padStart(10),
    String(town.polled).padStart(10),
    String(town.groups).padStart(7),
    String(town.restarts).padStart(9),
  ];
  console.log(cells.join(' '));
}

console.log(`seed ${values.seed}, ${directory ?? 'simulated disk'}, ${values.minutes} minutes`);
console.log(
  '    day   heap MB  buffers MB  files   disk MB    records     polled  groups  restarts',
);
await town.open();
while (performance.now() - started < totalMs) {
  await town.liveOneDay(); // oxlint-disable-line no-await-in-loop -- day after day
  if (performance.now() - started < (samples.length * totalMs) / SAMPLES) continue;
  const taken = sample();
  samples.push(taken);
  printSample(taken);
}
await town.close();

const series: Series[] = [
  { name: 'heap bytes', samples: samples.map((s) => s.heapBytes), noise: 4 * MB },
  { name: 'buffer bytes', samples: samples.map((s) => s.bufferBytes), noise: 16 * MB },
  { name: 'open files', samples: samples.map((s) => s.openFiles), noise: 4 },
  { name: 'disk bytes', samples: samples.map((s) => s.diskBytes), noise: MB },
];
for (const { name, before, after, grows } of series.map(trendOf)) {
  console.log(
    `${grows ? 'GROWS' : 'flat '} ${name}: ${Math.round(before)} -> ${Math.round(after)}`,
  );
  if (grows) process.exitCode = 1;
}
const env = directory === undefined ? new SimulatedEnv({ files: town.files }) : systemEnv();
const report = checkLog(town.directory, { env });
const { errors, findings } = await (env instanceof SimulatedEnv ? env.run(report) : report);
console.log(`${town.day} days; the check found ${errors} errors`);
for (const { severity, file, what } of findings) console.log(`  ${severity} ${file}: ${what}`);
if (errors > 0) process.exitCode = 1;
if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
