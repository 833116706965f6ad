/** The contents of a store as rows of text and times, sorted as the case format lists them. */
import type { StateStore } from '../../src/state/store.js';
import type { ReadOnlyKeyValueStore } from '../../src/state/key-value.js';
import type { TopologyTestDriver } from '../../src/testing.js';
import { collect, isStamped } from './store-shell.js';
import { text } from './text.js';
import { UnsupportedOperation } from './unsupported.js';

type Row = readonly (string | number | null)[];

export async function storeRows(
  driver: TopologyTestDriver,
  name: string,
  type: string,
): Promise<Row[]> {
  // The expected kind says which face to read through; another one shows as a difference.
  const store = driver.stateStore<StateStore>(name) as ReadOnlyKeyValueStore<unknown, unknown>;
  switch (type) {
    case 'kv':
      return byKey((await collect(store.all())).map(([key, value]) => [text(key), text(value)]));
    case 'timestampedKv':
      return byKey((await collect(store.all())).map(([key, value]) => timestampedRow(key, value)));
    default:
      throw new UnsupportedOperation(`reading a ${type} store`);
  }
}

function timestampedRow(key: unknown, value: unknown): Row {
  return isStamped(value)
    ? [text(key), text(value.value), value.timestamp]
    : [text(key), text(value), 'no timestamp'];
}

function byKey(rows: Row[]): Row[] {
  return rows.sort((left, right) => (String(left[0]) < String(right[0]) ? -1 : 1));
}
