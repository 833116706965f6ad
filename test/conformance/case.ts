/**
 * A conformance case as data, and how a file of them is read. One case is one JSON object on one line; the file
 * may be gzipped. The shapes follow the case format; what a graph operation needs is checked where it is built.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface ProcessorSpec {
  readonly type: string;
  readonly store?: string;
  readonly singleton?: boolean;
  readonly n?: number;
  readonly key?: string;
  readonly value?: string;
  readonly by?: number;
  readonly selector?: string;
  readonly routes?: Readonly<Record<string, string>>;
  readonly default?: string;
  readonly interval?: number;
  readonly times?: number;
}

export interface StoreSpec {
  readonly name: string;
  readonly type: 'kv' | 'timestampedKv' | 'versioned' | 'window' | 'session';
  readonly persistent?: boolean;
  readonly caching?: boolean;
  readonly logging?: boolean;
  readonly history?: number;
  readonly retention?: number;
  readonly windowSize?: number;
  readonly retainDuplicates?: boolean;
}

export interface BranchSpec {
  readonly id: string;
  readonly pred: string;
  readonly name?: string;
}

/** One call of the graph; `op` decides which other fields are there. */
export interface Operation {
  readonly op: string;
  readonly id?: string;
  readonly [field: string]: unknown;
}

export type Header = readonly [key: string, value: string | null];
export type RecordInput = readonly [
  topic: string,
  key: string | null,
  value: string | null,
  timestamp: number,
  headers?: readonly Header[],
];
export type Input = RecordInput | readonly ['wall', number];
export type OutputRow = readonly [
  topic: string,
  key: string | null,
  value: string | null,
  timestamp: number,
  headers?: readonly Header[],
];

export interface ExpectedStore {
  readonly type: string;
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export interface ExpectedError {
  readonly phase: 'dsl' | 'build' | 'run';
  readonly class: string;
  readonly message: string | null;
  readonly opIndex?: number;
  readonly step?: number;
}

export interface ConformanceCase {
  readonly format: number;
  readonly name: string;
  readonly family: string;
  readonly tags?: readonly string[];
  readonly api: 'dsl' | 'papi';
  readonly order: 'global' | 'perTopic';
  readonly headers?: boolean;
  readonly config: Readonly<Record<string, unknown>>;
  readonly graph: readonly Operation[];
  readonly inputs: readonly Input[];
  readonly expect: {
    readonly describe?: string;
    readonly branchKeys?: Readonly<Record<string, readonly string[]>>;
    readonly steps?: readonly (readonly OutputRow[])[];
    readonly stores?: Readonly<Record<string, ExpectedStore>>;
    readonly droppedRecords?: number;
    readonly error?: ExpectedError;
  };
}

const GZIP_MAGIC = 0x1f;

/** Reads a case file, gzipped or plain. A line that is not a case of format 1 throws, naming the line. */
export function readCases(file: string | URL): ConformanceCase[] {
  const raw = readFileSync(file);
  const lines = (raw[0] === GZIP_MAGIC ? gunzipSync(raw) : raw).toString('utf8').split('\n');
  const cases: ConformanceCase[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    cases.push(parseCase(line, index + 1));
  });
  return cases;
}

function parseCase(line: string, number: number): ConformanceCase {
  let parsed: ConformanceCase;
  try {
    // The file is a fixture of this project: a wrong field shows as a failing case.
    parsed = JSON.parse(line) as ConformanceCase;
  } catch (error) {
    throw new Error(`line ${number} is not JSON`, { cause: error });
  }
  if (parsed.format !== 1) throw new Error(`line ${number}: case format ${parsed.format} is not 1`);
  return parsed;
}

/** The names of a list file, one per line. */
export function readNames(file: string | URL): Set<string> {
  const names = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  return new Set(names.filter((name) => name !== ''));
}
