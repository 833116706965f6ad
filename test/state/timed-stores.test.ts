/** Window, session and versioned stores, join rows and buffers in memory, against their models. */
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { Serdes } from '../../src/serde/serdes.js';
import type { Serde } from '../../src/serde/serde.js';
import type { Windowed } from '../../src/serde/windowed.js';
import {
  outerJoinStore,
  streamBuffer,
  suppressBuffer,
} from '../../src/state/operator-store-builders.js';
import type {
  JoinSide,
  OuterJoinStore,
  TimeOrderedBuffer,
} from '../../src/state/operator-stores.js';
import type { SyncSessionStore } from '../../src/state/session.js';
import { Stores } from '../../src/state/stores.js';
import type { VersionedKeyValueStore } from '../../src/state/versioned.js';
import type { SyncWindowStore } from '../../src/state/window.js';
import { timedProperty, type Logging, type TimedSuite } from './timed-suite.js';

const seed = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
const check = <S, M, W>(suite: TimedSuite<S, M, W>) =>
  fc.assert(timedProperty(suite), { numRuns: 120, ...seed });

const KEYS = ['a', 'b', 'aa'];
const key = fc.constantFrom(...KEYS);
const time = fc.nat(60);
const value = fc.option(fc.constantFrom('x', 'yy'), { nil: null, freq: 4 });
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

/** Strings that the store keeps decoded, and strings that it keeps as bytes. */
const SERDES: readonly (readonly [string, Serde<string>])[] = [
  ['decoded', Serdes.string()],
  [
    'as bytes',
    Serdes.from({
      serialize: (text: string) => Buffer.from(text),
      deserialize: (bytes) => Buffer.from(bytes).toString(),
    }),
  ],
];

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

const visible = ({ rows, latest }: TimedState): TimedRow[] =>
  rows
    .filter((row) => row.time >= latest - RETENTION + 1)
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
      const rows = visible(state);
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
      const rows = visible(state);
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
    KEYS.map((one) => [
      store.get(one),
      ...Array.from({ length: 65 }, (_, asOf) => store.get(one, asOf)),
    ]),
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
      return [record(latest), ...Array.from({ length: 65 }, (_, at) => record(asOf(at)))];
    });
  },
});

interface JoinWrite {
  readonly side: JoinSide;
  readonly key: string;
  readonly time: number;
  /** `null` removes. */
  readonly value: string | null;
}

interface JoinState {
  readonly rows: readonly (Omit<JoinWrite, 'value'> & { readonly values: readonly string[] })[];
}

const joinSuite = (
  serde: Serde<string>,
): TimedSuite<OuterJoinStore<string, string, string>, JoinState, JoinWrite> => ({
  builder: outerJoinStore({ name: 's', key: serde, left: serde, right: Serdes.string() }),
  logging: 'commit',
  writes: fc.record({
    side: fc.constantFrom<JoinSide>('left', 'right'),
    key,
    time: fc.nat(6),
    value,
  }),
  initial: { rows: [] },
  step(state, { side, key: one, time: at, value: to }) {
    const isIt = (row: JoinState['rows'][number]) =>
      row.side === side && row.key === one && row.time === at;
    const values = state.rows.find(isIt)?.values ?? [];
    const others = state.rows.filter((row) => !isIt(row));
    if (to === null) return { state: { rows: others } };
    return {
      state: { rows: [...others, { side, key: one, time: at, values: [...values, to] }] },
    };
  },
  write(store, { side, key: one, time: at, value: to }) {
    if (to === null) store.remove(side, one, at);
    else if (side === 'left') store.add('left', one, at, to);
    else store.add('right', one, at, to);
  },
  read: (store) => ({
    all: store.rowsUpTo(Infinity, Infinity),
    some: store.rowsUpTo(2, 4),
    earliest: [store.earliest(), store.earliest('left'), store.earliest('right')],
  }),
  expected({ rows }) {
    const sorted = [...rows]
      .sort(
        (left, right) =>
          left.time - right.time ||
          (left.side === right.side ? 0 : left.side === 'right' ? -1 : 1) ||
          Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)),
      )
      .map(({ side, key: one, time: timestamp, values }) => ({
        side,
        key: one,
        timestamp,
        values,
      }));
    const least = (list: typeof sorted) => list[0]?.timestamp;
    return {
      all: sorted,
      some: sorted.filter((row) => row.timestamp <= (row.side === 'left' ? 2 : 4)),
      earliest: [
        least(sorted),
        least(sorted.filter((row) => row.side === 'left')),
        least(sorted.filter((row) => row.side === 'right')),
      ],
    };
  },
});

interface BufferWrite {
  readonly time: number;
  readonly key: string;
  readonly newValue: string | null;
  readonly oldValue: string | null;
  /** Takes the first record out instead. */
  readonly evict: boolean;
}

interface Buffered {
  readonly time: number;
  readonly key: string;
  readonly newValue: string | null;
  readonly oldValue: string | null;
  readonly prior: string | null;
  readonly number: number;
}

interface BufferState {
  readonly records: readonly Buffered[];
  readonly number: number;
}

const CONTEXT = {
  topic: 'in',
  partition: 0,
  offset: 7,
  timestamp: 3,
  headers: [{ key: 'h', value: Buffer.from('v') }],
};

const ordered = (records: readonly Buffered[]) =>
  [...records].sort(
    (left, right) =>
      left.time - right.time ||
      Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)) ||
      left.number - right.number,
  );

const bufferSuite = (
  serde: Serde<string>,
  onePerKey: boolean,
): TimedSuite<TimeOrderedBuffer<string, string>, BufferState, BufferWrite> => ({
  builder: (onePerKey ? suppressBuffer : streamBuffer)({ name: 's', key: serde, value: serde }),
  logging: 'commit',
  writes: fc.record({
    time: fc.nat(5),
    key,
    newValue: value,
    oldValue: onePerKey ? value : fc.constant(null),
    evict: fc.nat(3).map((draw) => draw === 0),
  }),
  initial: { records: [], number: 0 },
  step({ records, number }, write) {
    if (write.evict) return { state: { records: ordered(records).slice(1), number } };
    const there = onePerKey ? records.find((record) => record.key === write.key) : undefined;
    const record: Buffered = {
      time: there?.time ?? write.time,
      key: write.key,
      newValue: write.newValue,
      oldValue: write.oldValue,
      prior: there === undefined ? write.oldValue : there.prior,
      number: number + 1,
    };
    return {
      state: {
        records: [...records.filter((other) => other !== there), record],
        number: number + 1,
      },
    };
  },
  write(store, write) {
    if (write.evict) store.removeFirst();
    else store.put(write.time, write.key, write.newValue, write.oldValue, CONTEXT);
  },
  read: (store) => ({
    first: store.first(),
    minTime: store.minTime,
    count: store.recordCount,
    bytes: store.byteCount,
    priors: onePerKey ? KEYS.map((one) => store.priorValue(one)) : [],
  }),
  expected({ records }) {
    const first = ordered(records)[0];
    const size = (text: string | null) => text?.length ?? 0;
    return {
      first:
        first === undefined
          ? undefined
          : {
              time: first.time,
              key: first.key,
              newValue: first.newValue,
              oldValue: first.oldValue,
              context: CONTEXT,
            },
      minTime: first?.time ?? Infinity,
      count: records.length,
      bytes: records.reduce(
        (sum, { key: one, newValue, oldValue, prior }) =>
          sum +
          (onePerKey ? 8 : 13) +
          one.length +
          size(newValue) +
          size(prior) +
          (oldValue === prior ? 0 : size(oldValue)) +
          24,
        0,
      ),
      priors: onePerKey
        ? KEYS.map((one) => records.find((record) => record.key === one)?.prior)
        : [],
    };
  },
});

describe('stores with times agree with their models', () => {
  for (const [how, serde] of SERDES) {
    it(`windows, ${how}`, () => check(windowSuite(serde, 'write', false)));
    it(`windows, cached, ${how}`, () => check(windowSuite(serde, 'cache', false)));
    it(`windows with duplicates, ${how}`, () => check(windowSuite(serde, 'write', true)));
    it(`sessions, ${how}`, () => check(sessionSuite(serde, 'write')));
    it(`sessions, cached, ${how}`, () => check(sessionSuite(serde, 'cache')));
    it(`versions, ${how}`, () => check(versionedSuite(serde)));
    it(`rows of an outer join, ${how}`, () => check(joinSuite(serde)));
    it(`the buffer of suppress, ${how}`, () => check(bufferSuite(serde, true)));
    it(`the buffer of a stream-table join, ${how}`, () => check(bufferSuite(serde, false)));
  }
});
