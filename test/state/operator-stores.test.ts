/** Join rows and buffers in memory, against their models, and their bytes in the changelog, which are Java's. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Serdes } from '../../src/serde/serdes.js';
import type { Serde } from '../../src/serde/serde.js';
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
import type { StateStore, StoreBuilder } from '../../src/state/store.js';
import { StoreTask } from './store-suite.js';
import {
  AS_BYTES,
  checkTimed,
  KEYS,
  timedKey as key,
  timedValue as value,
  type TimedSuite,
} from './timed-suite.js';

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

describe('the stores of operators agree with their models', () => {
  for (const [how, serde] of [
    ['decoded', Serdes.string()],
    ['as bytes', AS_BYTES],
  ] as const) {
    it(`rows of an outer join, ${how}`, () => checkTimed(joinSuite(serde)));
    it(`the buffer of suppress, ${how}`, () => checkTimed(bufferSuite(serde, true)));
    it(`the buffer of a stream-table join, ${how}`, () => checkTimed(bufferSuite(serde, false)));
  }
});

const strings = { name: 's', key: Serdes.string(), value: Serdes.string() };

function opened<S extends StateStore>(builder: StoreBuilder<S>) {
  const task = new StoreTask(0);
  const store = builder.build();
  store.init(task);
  return { store, task };
}

describe('changelog bytes', () => {
  it('of an outer join are a key with time and side, and a list of values with their side', () => {
    const { store, task } = opened(
      outerJoinStore({
        name: 's',
        key: Serdes.string(),
        left: Serdes.string(),
        right: Serdes.long(),
      }),
    );
    task.now = 40;
    store.add('left', 'k', 10, 'a');
    store.add('left', 'k', 10, 'bc');
    store.add('right', 'k', 11, 5);
    expect(task.logged).toEqual([]);
    store.flushCache();
    expect(task.logged).toEqual([
      {
        key: '000000000000000a' + '01' + '6b',
        value: '01' + '00000002' + '00000002' + '0161' + '00000003' + '016263',
        timestamp: 40,
      },
      {
        key: '000000000000000b' + '00' + '6b',
        value: '01' + '00000001' + '00000009' + '000000000000000005',
        timestamp: 40,
      },
    ]);
  });

  it('of suppress are the context, prior, old and new value, and the buffer time', () => {
    const { store, task } = opened(suppressBuffer(strings));
    store.put(3, 'k', 'n', 'o', CONTEXT);
    store.put(9, 'k', 'm', 'n', CONTEXT);
    store.put(4, 'q', 'n', 'o', CONTEXT);
    store.flushCache();
    const context =
      '0000000000000003' +
      '0000000000000007' +
      '00000002' +
      '696e' +
      '00000000' +
      '00000001' +
      '00000001' +
      '68' +
      '00000001' +
      '76';
    expect(task.logged.map(({ key: logged, value: bytes }) => [logged, bytes])).toEqual([
      [
        '6b',
        context + '00000001' + '6f' + '00000001' + '6e' + '00000001' + '6d' + '0000000000000003',
      ],
      ['71', context + '00000001' + '6f' + 'fffffffe' + '00000001' + '6e' + '0000000000000004'],
    ]);
  });

  it('of a stream-table join have the time first', () => {
    const { store, task } = opened(streamBuffer(strings));
    store.put(10, 'k', 'n', null, { ...CONTEXT, headers: [] });
    store.flushCache();
    expect(task.logged[0]).toEqual({
      key: '00' + '000000000000000a' + '6b' + '00000001',
      value:
        '0000000000000003' +
        '0000000000000007' +
        '00000002' +
        '696e' +
        '00000000' +
        '00000000' +
        'ffffffff' +
        'ffffffff' +
        '00000001' +
        '6e' +
        '0000000000000000',
      timestamp: 0,
    });
  });

  it('of suppress give a key that left and came back before one commit its new time', () => {
    const { store, task } = opened(suppressBuffer(strings));
    store.put(3, 'k', 'n', null, CONTEXT);
    store.flushCache();
    store.removeFirst();
    store.put(9, 'k', 'm', 'n', CONTEXT);
    store.flushCache();
    const { store: restored } = opened(suppressBuffer(strings));
    for (const { key: logged, value: bytes, timestamp } of task.logged)
      restored.restore(Buffer.from(logged, 'hex'), Buffer.from(bytes!, 'hex'), timestamp, []);
    expect([restored.minTime, restored.recordCount, restored.byteCount]).toEqual([
      9,
      1,
      store.byteCount,
    ]);
  });

  it('are not written for a row that came and went between two commits', () => {
    const join = opened(
      outerJoinStore({
        name: 's',
        key: Serdes.string(),
        left: Serdes.string(),
        right: Serdes.string(),
      }),
    );
    join.store.add('left', 'k', 10, 'a');
    join.store.remove('left', 'k', 10);
    join.store.flushCache();
    expect(join.task.logged).toEqual([]);
    join.store.add('left', 'k', 10, 'a');
    join.store.flushCache();
    join.store.remove('left', 'k', 10);
    join.store.flushCache();
    expect(join.task.logged.map(({ value: bytes }) => bytes === null)).toEqual([false, true]);
  });
});

describe('the buffer of suppress', () => {
  it('counts bytes as Kafka does', () => {
    const { store } = opened(suppressBuffer(strings));
    const context = { topic: 'in', partition: 0, offset: 0, timestamp: 0, headers: [] };
    store.put(0, 'a', '1', null, context);
    store.put(3, 'a', '2', '1', context);
    store.put(5, 'b', '1', null, context);
    store.put(6, 'c', '333', null, context);
    store.put(7, 'd', '1', null, context);
    expect([store.recordCount, store.byteCount]).toEqual([4, 131]);
  });

  it('emits while records are due, in the order of time and key bytes, and shows the prior value until then', () => {
    const { store } = opened(suppressBuffer(strings));
    store.put(1, 'b', 'x', 'old', CONTEXT);
    store.put(1, 'a', 'y', null, CONTEXT);
    store.put(2, 'c', 'z', null, CONTEXT);
    const seen: unknown[] = [];
    const evicted = store.evictWhile(
      () => store.minTime <= 1,
      (record) => seen.push([record.key, record.newValue, store.priorValue(record.key)]),
    );
    expect(evicted).toBe(2);
    expect(seen).toEqual([
      ['a', 'y', null],
      ['b', 'x', 'old'],
    ]);
    expect(store.priorValue('b')).toBeUndefined();
    expect(store.minTime).toBe(2);
  });
});
