/** The contents of a store as rows of text and times, sorted as the case format lists them. */
import type { StateStore } from '../../src/state/store.js';
import type { ReadOnlyKeyValueStore } from '../../src/state/key-value.js';
import type { ReadOnlySessionStore } from '../../src/state/session.js';
import type { ReadOnlyVersionedKeyValueStore } from '../../src/state/versioned.js';
import type { ReadOnlyWindowStore } from '../../src/state/window.js';
import type { Windowed } from '../../src/serde/windowed.js';
import type { Input, RecordInput } from './case.js';
import type { TopologyTestDriver } from '../../src/testing.js';
import { collect, isStamped } from './store-shell.js';
import { text } from './text.js';
import { UnsupportedOperation } from './unsupported.js';

type Row = readonly (string | number | null)[];

/** `bare`: the driver gives values without timestamps. */
export async function storeRows(
  driver: TopologyTestDriver,
  name: string,
  type: string,
  inputs: readonly Input[],
  bare: boolean,
): Promise<Row[]> {
  // The expected kind says which face to read through; another one shows as a difference.
  const found = driver.stateStore<StateStore>(name);
  switch (bare ? (BARE[type] ?? type) : type) {
    case 'kv':
      return byKey((await entries(found)).map(([key, value]) => [text(key), text(value)]));
    case 'timestampedKv':
      return byKey((await entries(found)).map(([key, value]) => timestampedRow(key, value)));
    case 'window':
    case 'timestampedWindow':
      return windowRows(found as ReadOnlyWindowStore<unknown, unknown>, bare ? 'window' : type);
    case 'session':
      return sessionRows(found as ReadOnlySessionStore<unknown, unknown>);
    case 'versioned':
      return versionedRows(found as ReadOnlyVersionedKeyValueStore<unknown, unknown>, inputs);
    default:
      throw new UnsupportedOperation(`reading a ${type} store`);
  }
}

/** What is left of a type without timestamps. */
const BARE: { readonly [type: string]: string } = {
  timestampedKv: 'kv',
  timestampedWindow: 'window',
};

const entries = (store: StateStore) =>
  collect((store as ReadOnlyKeyValueStore<unknown, unknown>).all());

async function windowRows(
  store: ReadOnlyWindowStore<unknown, unknown>,
  type: string,
): Promise<Row[]> {
  const rows = (await listWindows(store.all())).map(([{ key, window }, value]): Row => {
    if (type === 'window') return [text(key), window.start, text(value)];
    return isStamped(value)
      ? [text(key), window.start, text(value.value), value.timestamp]
      : [text(key), window.start, text(value), 'no timestamp'];
  });
  return rows.sort((left, right) => Number(left[1]) - Number(right[1]) || byText(left, right));
}

async function sessionRows(store: ReadOnlySessionStore<unknown, unknown>): Promise<Row[]> {
  const rows = (await listWindows(store.fetch(undefined, undefined))).map(
    ([{ key, window }, value]): Row => [text(key), window.start, window.end, text(value)],
  );
  return rows.sort(
    (left, right) =>
      Number(left[2]) - Number(right[2]) ||
      Number(left[1]) - Number(right[1]) ||
      byText(left, right),
  );
}

/** What was valid at the time of every input, for the keys of all inputs. */
function versionedRows(
  store: ReadOnlyVersionedKeyValueStore<unknown, unknown>,
  inputs: readonly Input[],
): Row[] {
  const records = inputs.filter((input): input is RecordInput => input.length > 2);
  const keys = [...new Set(records.map(([, key]) => key))].filter((key) => key !== null);
  const times = [...new Set(records.map(([, , , timestamp]) => timestamp))];
  const rows: Row[] = [];
  for (const key of keys.sort()) {
    for (const asOf of times.toSorted((left, right) => left - right)) {
      const version = store.get(key, asOf);
      if (version !== undefined) rows.push([key, asOf, text(version.value), version.timestamp]);
    }
  }
  return rows;
}

async function listWindows(
  rows: AsyncIterable<[Windowed<unknown>, unknown]>,
): Promise<[Windowed<unknown>, unknown][]> {
  const list: [Windowed<unknown>, unknown][] = [];
  for await (const row of rows) list.push(row);
  return list;
}

const byText = (left: Row, right: Row): number => {
  const [one, other] = [String(left[0]), String(right[0])];
  return one < other ? -1 : Number(one > other);
};

function timestampedRow(key: unknown, value: unknown): Row {
  return isStamped(value)
    ? [text(key), text(value.value), value.timestamp]
    : [text(key), text(value), 'no timestamp'];
}

function byKey(rows: Row[]): Row[] {
  return rows.sort((left, right) => (String(left[0]) < String(right[0]) ? -1 : 1));
}
