/** What the compiler knows about windows: their options, the tables they make, and aggregations of several streams. */
import { describe, expectTypeOf, test } from 'vitest';
import type {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from '../../src/dsl/cogrouped-stream.js';
import { JoinWindows } from '../../src/dsl/join-windows.js';
import type { KStream } from '../../src/dsl/kstream.js';
import type { KTable } from '../../src/dsl/ktable.js';
import type { SessionWindowedKStream } from '../../src/dsl/session-windowed-stream.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Suppressed } from '../../src/dsl/suppressed.js';
import type { TimeWindowedKStream } from '../../src/dsl/time-windowed-stream.js';
import {
  SessionWindows,
  SlidingWindows,
  TimeWindows,
  UnlimitedWindows,
} from '../../src/dsl/windows.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { Windowed } from '../../src/serde/windowed.js';

type WindowTable<K, V, Deleted extends null = null> = KTable<Windowed<K>, V, Deleted, 'window'>;
type SessionTable<K, V> = KTable<Windowed<K>, V, null, 'session'>;

const text = { key: Serdes.string(), value: Serdes.string() };
const clicks = new StreamsBuilder().stream('clicks', text);
const byNumber = new StreamsBuilder()
  .stream('numbers', { key: Serdes.long(), value: Serdes.string() })
  .groupByKey();
const minutes = TimeWindows.of({ size: '1m', grace: 0 });
const visits = SessionWindows.of({ gap: '30m', grace: 0 });
const perMinute = clicks.groupByKey().windowedBy(minutes);
const perVisit = clicks.groupByKey().windowedBy(visits);

const unrun = (_program: () => unknown) => {};

describe('windows', () => {
  test('grace is required, and so is what makes the window', () => {
    // @ts-expect-error grace is missing
    unrun(() => TimeWindows.of({ size: '1m' }));
    // @ts-expect-error size is missing
    unrun(() => TimeWindows.of({ grace: 0 }));
    // @ts-expect-error grace is missing
    unrun(() => SlidingWindows.of({ difference: '1m' }));
    // @ts-expect-error grace is missing
    unrun(() => SessionWindows.of({ gap: '1m' }));
    // @ts-expect-error there is no unit 'min'
    unrun(() => TimeWindows.of({ size: '1min', grace: 0 }));
    // @ts-expect-error a session has a gap, no size
    unrun(() => SessionWindows.of({ size: '1m', grace: 0 }));
  });

  test('the kind of the windows decides what can be done', () => {
    expectTypeOf(perMinute).toEqualTypeOf<TimeWindowedKStream<string, string>>();
    expectTypeOf(perVisit).toEqualTypeOf<SessionWindowedKStream<string, string>>();
    expectTypeOf(
      clicks.groupByKey().windowedBy(SlidingWindows.of({ difference: 5, grace: 0 })),
    ).toEqualTypeOf<TimeWindowedKStream<string, string>>();
    expectTypeOf(clicks.groupByKey().windowedBy(UnlimitedWindows.of())).toEqualTypeOf<
      TimeWindowedKStream<string, string>
    >();
    // @ts-expect-error options are no windows
    unrun(() => clicks.groupByKey().windowedBy({ size: '1m', grace: 0 }));
    unrun(() =>
      // @ts-expect-error windows of a join cut no time
      clicks.groupByKey().windowedBy(JoinWindows.of({ within: 5, grace: 0 })),
    );
    // @ts-expect-error there are two strategies
    unrun(() => perMinute.emitStrategy('onClose'));
  });
});

describe('windowed tables', () => {
  test('keys are windowed', () => {
    expectTypeOf(perMinute.count()).toEqualTypeOf<WindowTable<string, number, never>>();
    expectTypeOf(perMinute.reduce((one) => one)).toEqualTypeOf<WindowTable<string, string>>();
    expectTypeOf(
      perMinute.aggregate(
        () => 0,
        (_key, value, sum) => sum + value.length,
      ),
    ).toEqualTypeOf<WindowTable<string, number>>();
    const onClose = perMinute.emitStrategy('onWindowClose').count().toStream();
    expectTypeOf(onClose).toEqualTypeOf<KStream<Windowed<string>, number>>();
  });

  test('a session can go: it is deleted when it grows', () => {
    expectTypeOf(perVisit.count()).toEqualTypeOf<SessionTable<string, number>>();
    expectTypeOf(perVisit.reduce((one) => one)).toEqualTypeOf<SessionTable<string, string>>();
    const lengths = perVisit.aggregate(
      () => 0,
      (_key, value, sum) => sum + value.length,
      (_key, one, two) => one + two,
      { value: Serdes.double() },
    );
    expectTypeOf(lengths).toEqualTypeOf<SessionTable<string, number>>();
    unrun(() =>
      // @ts-expect-error the merger of two sessions is missing
      perVisit.aggregate(
        () => 0,
        (_key: string, value: string, sum: number) => sum + value.length,
      ),
    );
  });

  test('a serde of the key is one of the key inside the window', () => {
    perMinute.count({ key: Serdes.string(), retention: '1h' });
    // @ts-expect-error the key inside is a text
    unrun(() => perMinute.count({ key: Serdes.long() }));
    // @ts-expect-error counts are numbers
    unrun(() => perMinute.count({ value: Serdes.string() }));
    // @ts-expect-error a windowed table cannot be versioned
    unrun(() => perMinute.count({ versioned: '1h' }));
    // @ts-expect-error nor can one of sessions
    unrun(() => perVisit.count({ versioned: '1h' }));
  });

  test('they can be held back until their windows close, also behind other operators', () => {
    const last = perMinute.count().suppress(Suppressed.untilWindowCloses());
    expectTypeOf(last).toEqualTypeOf<WindowTable<string, number, never>>();
    perVisit
      .count()
      .filter(() => true)
      .suppress(Suppressed.untilWindowCloses({ maxRecords: 5 }));
    unrun(() =>
      // @ts-expect-error final results cannot come early
      perMinute.count().suppress(Suppressed.untilWindowCloses({ onFull: 'emit' })),
    );
    unrun(() =>
      // @ts-expect-error a full buffer emits or shuts down
      perMinute.count().suppress(Suppressed.untilTimeLimit(5, { onFull: 'drop' })),
    );
  });

  test('a windowed table has a short type, too', () => {
    expectTypeOf(perMinute.count()).toExtend<KTable<Windowed<string>, number>>();
    expectTypeOf(perVisit.count()).toExtend<KTable<Windowed<string>, number>>();
    expectTypeOf(perVisit.count()).not.toExtend<WindowTable<string, number>>();
  });
});

describe('cogroup', () => {
  const cogrouped = clicks.groupByKey().cogroup((_key, value, sum: number) => sum + value.length);

  test('streams of other values come together in one aggregate', () => {
    const numbers = clicks.mapValues((value) => value.length).groupByKey();
    const both = cogrouped.cogroup(numbers, (_key, length, sum) => {
      expectTypeOf(length).toEqualTypeOf<number>();
      return sum + length;
    });
    expectTypeOf(both).toEqualTypeOf<CogroupedKStream<string, number>>();
    expectTypeOf(both.aggregate(() => 0, { as: 'sums' })).toEqualTypeOf<
      KTable<string, number, null, 'keyValue'>
    >();
    expectTypeOf(both.windowedBy(minutes)).toEqualTypeOf<
      TimeWindowedCogroupedKStream<string, number>
    >();
    expectTypeOf(both.windowedBy(visits)).toEqualTypeOf<
      SessionWindowedCogroupedKStream<string, number>
    >();
    expectTypeOf(both.windowedBy(minutes).aggregate(() => 0)).toEqualTypeOf<
      WindowTable<string, number>
    >();
    expectTypeOf(
      both.windowedBy(visits).aggregate(
        () => 0,
        (_key, one, two) => one + two,
      ),
    ).toEqualTypeOf<SessionTable<string, number>>();
  });

  test('keys and aggregates are of one type', () => {
    // @ts-expect-error the other stream has numbers as keys
    unrun(() => cogrouped.cogroup(byNumber, (_key, _value, sum) => sum));
    // @ts-expect-error the aggregate is a number
    unrun(() => cogrouped.aggregate(() => 'none'));
    // @ts-expect-error the aggregate is a number
    unrun(() => cogrouped.aggregate(() => 0, { value: Serdes.string() }));
    // @ts-expect-error a stream is not grouped
    unrun(() => cogrouped.cogroup(clicks, (_key, _value, sum) => sum));
    // @ts-expect-error the merger of two sessions is missing
    unrun(() => cogrouped.windowedBy(visits).aggregate(() => 0));
  });
});
