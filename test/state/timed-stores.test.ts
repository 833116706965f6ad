/** Window, session and versioned stores in memory, against their models. */
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { Serdes } from '../../src/serde/serdes.js';
import type { Serde } from '../../src/serde/serde.js';
import type { Windowed } from '../../src/serde/windowed.js';
import type { SyncSessionStore } from '../../src/state/session.js';
import { Stores } from '../../src/state/stores.js';
import type { VersionedKeyValueStore } from '../../src/state/versioned.js';
import type { SyncWindowStore } from '../../src/state/window.js';
import {
  AS_BYTES,
  checkTimed,
  KEYS,
  timedKey as key,
  timedValue as value,
  type Logging,
  type TimedSuite,
} from './timed-suite.js';

const time = fc.nat(60);
const TIMES = Array.from({ length: 65 }, (_, at) => at);
const hex = (...parts: readonly (string | Buffer)[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part))).toString('hex');
const int64 = (number: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(number));
  return bytes;
};
const int32 = (number: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number);
  return bytes;
};

interface TimedRow {
  readonly key: string;
  readonly time: number;
  /** Sequence number, start or side. */
  readonly order: number;
  readonly value: string;
}

interface TimedState {
  readonly rows: readonly TimedRow[];
  readonly latest: number;
  readonly number: number;
}

const EMPTY: TimedState = { rows: [], latest: -1, number: 0 };
const RETENTION = 20;
const SIZE = 5;

/** A store with a record cache shows rows for one more retention. */
const visible = ({ rows, latest }: TimedState, logging: Logging): TimedRow[] =>
  rows
    .filter((row) => row.time >= latest - RETENTION * (logging === 'cache' ? 2 : 1) + 1)
    .sort(
      (left, right) =>
        left.time - right.time ||
        Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)) ||
        left.order - right.order,
    );

/** The rows with another value at a place, or without one there. */
function replaced(
  rows: readonly TimedRow[],
  at: Omit<TimedRow, 'value'>,
  to: string | null,
): readonly TimedRow[] {
  const others = rows.filter(
    (row) => row.key !== at.key || row.time !== at.time || row.order !== at.order,
  );
  return to === null ? others : [...others, { ...at, value: to }];
}

interface WindowWrite {
  readonly key: string;
  readonly value: string | null;
  readonly start: number;
}

function windowSuite(
  serde: Serde<string>,
  logging: Logging,
  retainDuplicates: boolean,
): TimedSuite<SyncWindowStore<string, string>, TimedState, WindowWrite> {
  const pairOf = (row: TimedRow): [Windowed<string>, string] => [
    { key: row.key, window: { start: row.time, end: row.time + SIZE } },
    row.value,
  ];
  return {
    builder: Stores.window({
      name: 's',
      key: serde,
      value: serde,
      store: 'memory',
      retention: RETENTION,
      windowSize: SIZE,
      retainDuplicates,
      caching: logging === 'cache',
    }),
    logging,
    writes: fc.record({ key, value, start: time }),
    initial: EMPTY,
    step(state, write, now) {
      const number = retainDuplicates ? state.number + 1 : 0;
      const at = { key: write.key, time: write.start, order: number };
      const ignored = retainDuplicates && write.value === null;
      return {
        state: {
          rows: ignored ? state.rows : replaced(state.rows, at, write.value),
          latest: Math.max(state.latest, write.start),
          number,
        },
        logs: {
          key: hex(write.key, int64(write.start), int32(number)),
          value: write.value === null ? null : hex(write.value),
          timestamp: now,
        },
      };
    },
    write: (store, write) => store.put(write.key, write.value, write.start),
    read: (store) => ({
      all: [...store.all()],
      backwardAll: [...store.backwardAll()],
      some: [...store.fetch('a', 'aa', 10, 50)],
      byKey: KEYS.map((one) => store.fetch(one, 5, 55)),
      backward: KEYS.map((one) => store.backwardFetch(one, 5, 55)),
      points: retainDuplicates ? [] : [10, 20, 30, 40].map((start) => store.fetch('a', start)),
    }),
    expected(state) {
      const rows = visible(state, logging);
      const ofKey = (one: string) =>
        rows
          .filter((row) => row.key === one && row.time >= 5 && row.time <= 55)
          .map((row) => [row.time, row.value]);
      return {
        all: rows.map(pairOf),
        backwardAll: rows.map(pairOf).reverse(),
        some: rows.filter((row) => row.key !== 'b' && row.time >= 10 && row.time <= 50).map(pairOf),
        byKey: KEYS.map(ofKey),
        backward: KEYS.map((one) => ofKey(one).reverse()),
        points: retainDuplicates
          ? []
          : [10, 20, 30, 40].map(
              (start) => rows.find((row) => row.key === 'a' && row.time === start)?.value,
            ),
      };
    },
  };
}

interface SessionWrite {
  readonly session: Windowed<string>;
  readonly value: string | null;
}

function sessionSuite(
  serde: Serde<string>,
  logging: Logging,
): TimedSuite<SyncSessionStore<string, string>, TimedState, SessionWrite> {
  const pairOf = (row: TimedRow): [Windowed<string>, string] => [
    { key: row.key, window: { start: row.order, end: row.time } },
    row.value,
  ];
  return {
    builder: Stores.session({
      name: 's',
      key: serde,
      value: serde,
      store: 'memory',
      retention: RETENTION,
      caching: logging === 'cache',
    }),
    logging,
    writes: fc.tuple(key, time, fc.nat(5), value).map(([one, start, length, to]) => ({
      session: { key: one, window: { start, end: start + length } },
      value: to,
    })),
    initial: EMPTY,
    step(state, { session, value: to }, now) {
      const { start, end } = session.window;
      return {
        state: {
          rows: replaced(state.rows, { key: session.key, time: end, order: start }, to),
          latest: to === null ? state.latest : Math.max(state.latest, end),
          number: 0,
        },
        logs: {
          key: hex(session.key, int64(end), int64(start)),
          value: to === null ? null : hex(to),
          timestamp: now,
        },
      };
    },
    write: (store, { session, value: to }) =>
      to === null ? store.remove(session) : store.put(session, to),
    read: (store) => ({
      all: [...store.fetch(undefined, undefined)],
      backward: [...store.backwardFetch(undefined, undefined)],
      byKey: KEYS.map((one) => store.findSessions(one, 10, 40)),
      some: [...store.findSessions('a', 'aa', 10, 40)],
      ofA: store.backwardFetch('a'),
      points: [10, 20, 30].map((start) => store.fetchSession('a', start, start + 2)),
    }),
    expected(state) {
      const rows = visible(state, logging);
      const found = (row: TimedRow) => row.time >= 10 && row.order <= 40;
      return {
        all: rows.map(pairOf),
        backward: rows.map(pairOf).reverse(),
        byKey: KEYS.map((one) => rows.filter((row) => row.key === one && found(row)).map(pairOf)),
        some: rows.filter((row) => row.key !== 'b' && found(row)).map(pairOf),
        ofA: rows
          .filter((row) => row.key === 'a')
          .map(pairOf)
          .reverse(),
        points: [10, 20, 30].map(
          (start) =>
            rows.find((row) => row.key === 'a' && row.order === start && row.time === start + 2)
              ?.value,
        ),
      };
    },
  };
}

interface Version {
  readonly key: string;
  readonly time: number;
  readonly value: string | null;
}

interface VersionedState {
  readonly versions: readonly Version[];
  readonly latest: number;
}

const versionedSuite = (
  serde: Serde<string>,
): TimedSuite<VersionedKeyValueStore<string, string>, VersionedState, Version> => ({
  builder: Stores.versionedKeyValue({
    name: 's',
    key: serde,
    value: serde,
    historyRetention: RETENTION,
  }),
  logging: 'write',
  writes: fc.record({ key, value, time }),
  initial: { versions: [], latest: -1 },
  step(state, write, now) {
    void now;
    const logs = {
      key: hex(write.key),
      value: write.value === null ? null : hex(write.value),
      timestamp: write.time,
    };
    if (write.time < state.latest - RETENTION) return { state, logs };
    const others = state.versions.filter(
      (version) => version.key !== write.key || version.time !== write.time,
    );
    const there = state.versions.find(
      (version) => version.key === write.key && version.time === write.time,
    );
    // What is older than the history may be gone: only versions that can still be asked for count.
    const only = !others.some((version) => version.key === write.key);
    const forgets = write.value === null && only && there !== undefined && there.value !== null;
    return {
      state: {
        versions: forgets ? others : [...others, write],
        latest: Math.max(state.latest, write.time),
      },
      logs,
    };
  },
  write: (store, write) => store.put(write.key, write.value, write.time),
  read: (store) =>
    KEYS.map((one) => ({
      latest: store.get(one),
      asOf: TIMES.map((at) => store.get(one, at)),
    })),
  expected(state) {
    const record = (version: Version | undefined) =>
      version === undefined || version.value === null
        ? undefined
        : { value: version.value, timestamp: version.time };
    return KEYS.map((one) => {
      const versions = state.versions
        .filter((version) => version.key === one)
        .sort((left, right) => left.time - right.time);
      const latest = versions.at(-1);
      const asOf = (at: number) => {
        const version = versions.findLast((candidate) => candidate.time <= at);
        return at >= state.latest - RETENTION || version === latest ? version : undefined;
      };
      return { latest: record(latest), asOf: TIMES.map((at) => record(asOf(at))) };
    });
  },
});

describe('stores with times agree with their models', () => {
  for (const [how, serde] of [
    ['decoded', Serdes.string()],
    ['as bytes', AS_BYTES],
  ] as const) {
    it(`windows, ${how}`, () => checkTimed(windowSuite(serde, 'write', false)));
    it(`windows, cached, ${how}`, () => checkTimed(windowSuite(serde, 'cache', false)));
    it(`windows with duplicates, ${how}`, () => checkTimed(windowSuite(serde, 'write', true)));
    it(`sessions, ${how}`, () => checkTimed(sessionSuite(serde, 'write')));
    it(`sessions, cached, ${how}`, () => checkTimed(sessionSuite(serde, 'cache')));
    it(`versions, ${how}`, () => checkTimed(versionedSuite(serde)));
  }
});
