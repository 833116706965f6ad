/**
 * One comparison in this process: `comparison.js NAME ROUNDS QUICK DIRECTORY` prints its result as JSON. `main.ts` starts
 * it once per name.
 */
import { fileURLToPath } from 'node:url';
import { compare, type Comparison } from './measure.js';
import { logAppend } from './workloads/append.js';
import { logRead } from './workloads/read.js';
import { streamStreamJoin } from './workloads/stream-join.js';
import { stateless, streamTableJoin, wordCount } from './workloads/throughput.js';
import { windows } from './workloads/windows.js';

type Make = (quick: boolean, directory: string) => Comparison[] | Promise<Comparison[]>;

const records = (quick: boolean) => (quick ? 200_000 : 500_000);
const keyedRecords: Make = (quick) => stateless(records(quick));
const words: Make = (quick) => wordCount(quick ? 1 : 2);
const windowed: Make = (quick) => windows(records(quick));
const appends: Make = (quick, directory) => logAppend(directory, quick ? 600_000 : 3_000_000);
const reads: Make = (quick, directory) => logRead(directory, quick ? 500_000 : 2_000_000);

const MAKERS: { readonly [name: string]: Make } = {
  pipe: keyedRecords,
  chain: keyedRecords,
  'word count, cache off': words,
  'word count, cache on': words,
  'stream-table join': (quick) => streamTableJoin(records(quick)),
  'stream-stream join': (quick) => streamStreamJoin(records(quick)),
  'tumbling count': windowed,
  'hopping count': windowed,
  'session count': windowed,
  'log append, durable': appends,
  'typed producer, durable': appends,
  'log append, gzip': appends,
  'log read': reads,
  'typed consumer': reads,
};

export const NAMES = Object.keys(MAKERS);

const [, program, name = '', rounds, quick, directory = ''] = process.argv;
if (program === fileURLToPath(import.meta.url)) {
  const made = (await MAKERS[name]?.(quick === 'true', directory)) ?? [];
  const comparison = made.find((candidate) => candidate.name === name);
  if (comparison === undefined) throw new Error(`there is no comparison '${name}'`);
  console.log(JSON.stringify(await compare(comparison, Number(rounds))));
}
