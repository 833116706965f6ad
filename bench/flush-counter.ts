/**
 * Preloaded with `NODE_OPTIONS=--import` into a process and its workers: counts the fsync and fdatasync calls of all threads in
 * shared memory, without changing what they do.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const KEY = 'millrace.bench.flushes';
if (isMainThread) setEnvironmentData(KEY, new SharedArrayBuffer(4));
const shared: unknown = getEnvironmentData(KEY);
const counter = new Int32Array(
  shared instanceof SharedArrayBuffer ? shared : new SharedArrayBuffer(4),
);

type Call = (this: unknown, ...args: unknown[]) => unknown;
const calls = fs as unknown as { [name: string]: Call };
for (const name of ['fsync', 'fdatasync', 'fsyncSync', 'fdatasyncSync']) {
  const original = calls[name];
  if (original === undefined) continue;
  calls[name] = function counted(...args) {
    Atomics.add(counter, 0, 1);
    return original.apply(this, args);
  };
}
syncBuiltinESMExports();

/** Device flushes of this process so far. */
export function flushCount(): number {
  const value: unknown = getEnvironmentData(KEY);
  return value instanceof SharedArrayBuffer ? Atomics.load(new Int32Array(value), 0) : Number.NaN;
}
