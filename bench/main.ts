/**
 * `npm run bench`: every workload beside its hand-written limit, as a table, and as JSON in bench/results. With
 * `--quick` smaller inputs and fewer rounds; with `--full` 10 GB to recover; with `--only pipe` what has that word in its
 * name; with `--strict` a missed floor is a failure.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from './data.js';
import { NAMES } from './comparison.js';
import type { Result } from './measure.js';
import { countFlushes } from './workloads/flushes.js';
import { latency } from './workloads/latency.js';
import { memory } from './workloads/memory.js';
import { rowsPerKey } from './workloads/stream-join.js';
import { keyGrowth, type KeyGrowth } from './workloads/key-growth.js';
import { manyBytes, manyPartitions, type ScaleResult } from './workloads/scale.js';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    directory: { type: 'string', default: join(root, 'data', 'bench') },
    rounds: { type: 'string' },
    full: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
  },
});
const { quick, only, directory } = options;
const rounds = Number(options.rounds ?? (quick ? 3 : 7));
const wanted = (name: string) => name.includes(only);
mkdirSync(directory, { recursive: true });

/** A process of its own: what one topology taught the compiler must neither help nor hurt the next one. */
function inFreshProcess(name: string): Result {
  const program = fileURLToPath(new URL('./comparison.js', import.meta.url));
  const args = ['--expose-gc', program, name, String(rounds), String(quick), directory];
  const result: Result = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  return result;
}

const results: Result[] = [];
const rate = (n: number) => Math.round(n).toLocaleString('en-US').padStart(11);
console.log(
  `${'workload'.padEnd(24)} ${'millrace'.padStart(11)} ${'limit'.padStart(11)}  ratio  floor`,
);
for (const name of NAMES.filter(wanted)) {
  const result = inFreshProcess(name);
  results.push(result);
  const { ours, limit, ratio, floor } = result;
  const verdict =
    floor === undefined ? '' : `${floor.toFixed(2)} ${ratio >= floor ? '' : 'MISSED'}`;
  console.log(
    `${name.padEnd(24)} ${rate(ours)} ${rate(limit)}  ${ratio.toFixed(2).padStart(5)}  ${verdict}`,
  );
}

const more: { [name: string]: unknown } = {};
if (wanted('latency')) {
  const result = await latency(directory, quick ? 4 : 20);
  more['latency'] = result;
  const { p50Ms, p99Ms, maxMs, fdatasyncP50Ms, floorMs } = result;
  console.log(
    `latency at 1,000 records/s: p50 ${p50Ms.toFixed(2)} ms (floor ${floorMs.toFixed(2)}${p50Ms <= floorMs ? '' : ' MISSED'}), ` +
      `p99 ${p99Ms.toFixed(2)}, max ${maxMs.toFixed(1)}; fdatasync of this disk p50 ${fdatasyncP50Ms.toFixed(2)}`,
  );
}
if (wanted('flushes')) {
  const result = countFlushes(directory);
  more['flushes'] = result;
  for (const { partitions, perRound } of result) {
    console.log(
      `device flushes per round (one write, one commit) with ${String(partitions).padStart(2)} partitions: ${perRound.toFixed(2)}`,
    );
  }
}
if (wanted('rows per key')) {
  const result = await rowsPerKey(quick ? 100_000 : 400_000);
  more['rowsPerKey'] = result;
  for (const { kind, rowsPerKey: rows, nanosecondsPerRecord } of result) {
    console.log(
      `${kind} join of streams, ${String(rows).padStart(4)} rows per key: ${nanosecondsPerRecord.toFixed(0)} ns per record`,
    );
  }
}
if (wanted('memory')) {
  const result = await memory(directory, quick ? 500_000 : 5_000_000);
  more['memory'] = result;
  console.log(
    `memory over ${result.records.toLocaleString('en-US')} records: ${result.usedMb.join(' ')} MB in use; ` +
      `${result.bytesPerRecord.toFixed(2)} bytes left per record of the second half`,
  );
}
const growing: KeyGrowth[] = wanted('key growth') ? await keyGrowth(quick ? 50_000 : 200_000) : [];
for (const { name, rates, slowdown, bound } of growing) {
  console.log(
    `10, 100 and 1,000 rows per key, ${name}: ${rates.map((each) => rate(each).trim()).join(', ')} records/s; ` +
      `${slowdown.toFixed(2)} times slower (bound ${bound}${slowdown > bound ? ' MISSED' : ''})`,
  );
}
if (growing.length > 0) more['keyGrowth'] = growing;
const missed = ({ clean, floors }: ScaleResult) =>
  floors !== undefined && (clean.ms > floors.ms || clean.rssMb > floors.rssMb);
const scale: ScaleResult[] = [];
if (wanted('open')) scale.push(...(await manyPartitions(directory)));
if (wanted('recovery')) scale.push(await manyBytes(directory, options.full ? 10 : 1));
for (const result of scale) {
  const { name, clean, killed, floors } = result;
  const bound =
    floors === undefined
      ? ''
      : ` (floor ${floors.ms} ms, ${floors.rssMb} MB${missed(result) ? ' MISSED' : ''})`;
  console.log(
    `open with ${name}: ${clean.ms.toFixed(0)} ms, ${clean.rssMb.toFixed(0)} MB${bound}; after kill -9: ${killed.ms.toFixed(0)} ms, ${killed.rssMb.toFixed(0)} MB`,
  );
}
if (scale.length > 0) more['open'] = scale;
rmSync(directory, { recursive: true, force: true });

const folder = join(root, 'bench', 'results');
mkdirSync(folder, { recursive: true });
const host = { node: process.version, cpus: os.cpus().length, cpu: os.cpus()[0]?.model };
const path = join(folder, `${new Date().toISOString().replaceAll(':', '-')}.json`);
writeFileSync(path, `${JSON.stringify({ host, quick, rounds, results, ...more }, null, 2)}\n`);
const belowFloor = results.some(({ ratio, floor }) => floor !== undefined && ratio < floor);
const grows = growing.some(({ slowdown, bound }) => slowdown > bound);
if (options.strict && (belowFloor || grows || scale.some(missed))) process.exitCode = 1;
