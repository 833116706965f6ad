/** What the compiler knows about a store that is read through its table, its builder or its name. */
import { describe, expectTypeOf, test } from 'vitest';
import type { KTable } from '../../src/dsl/ktable.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { SessionWindows, TimeWindows } from '../../src/dsl/windows.js';
import type { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { Windowed } from '../../src/serde/windowed.js';
import type { ReadOnlyKeyValueStore } from '../../src/state/key-value.js';
import type { ReadOnlySessionStore } from '../../src/state/session.js';
import { Stores } from '../../src/state/stores.js';
import type { ReadOnlyVersionedKeyValueStore } from '../../src/state/versioned.js';
import type { ReadOnlyWindowStore } from '../../src/state/window.js';
import type { TopologyTestDriver } from '../../src/testing.js';

const text = { key: Serdes.string(), value: Serdes.string() };
const builder = new StreamsBuilder();
const grouped = builder.stream('clicks', text).groupByKey();
const minutes = TimeWindows.of({ size: '1m', grace: 0 });
const visits = SessionWindows.of({ gap: '30m', grace: 0 });

const unrun = (_program: () => unknown) => {};
declare const app: KafkaStreams;
declare const driver: TopologyTestDriver;

describe('a store read through its table', () => {
  const counts = grouped.count({ as: 'counts' });
  const perMinute = grouped.windowedBy(minutes).count({ as: 'per-minute' });
  const perVisit = grouped.windowedBy(visits).count({ as: 'per-visit' });
  const prices = builder.table('prices', { ...text, as: 'prices', versioned: '1h' });
  const cities = builder.globalTable('cities', { ...text, as: 'cities' });

  test('has the types of the table and the face of its kind', () => {
    unrun(() => {
      expectTypeOf(app.store(counts)).toEqualTypeOf<ReadOnlyKeyValueStore<string, number>>();
      expectTypeOf(driver.store(counts)).toEqualTypeOf<ReadOnlyKeyValueStore<string, number>>();
      expectTypeOf(app.store(cities)).toEqualTypeOf<ReadOnlyKeyValueStore<string, string>>();
      expectTypeOf(app.store(perMinute)).toEqualTypeOf<ReadOnlyWindowStore<string, number>>();
      expectTypeOf(app.store(perVisit)).toEqualTypeOf<ReadOnlySessionStore<string, number>>();
      expectTypeOf(app.store(prices)).toEqualTypeOf<
        ReadOnlyVersionedKeyValueStore<string, string>
      >();
    });
  });

  test('what is made of a windowed table has windowed keys, in a store of keys and values', () => {
    const busy = perMinute.filter((_key, count) => count > 9, { as: 'busy' });
    unrun(() =>
      expectTypeOf(app.store(busy)).toEqualTypeOf<
        ReadOnlyKeyValueStore<Windowed<string>, number>
      >(),
    );
  });

  test('cannot be asked what its kind does not know', () => {
    // @ts-expect-error windows are fetched by their start
    unrun(() => app.store(perMinute).get('x'));
    // @ts-expect-error there are no windows
    unrun(() => app.store(counts).fetch('x', 0));
    // @ts-expect-error sessions have ends
    unrun(() => app.store(perVisit).fetchAll(0, 1));
    // @ts-expect-error its keys are texts
    unrun(() => app.store(counts).get(5));
    // @ts-expect-error it is for reading
    unrun(() => app.store(counts).put('x', 1));
  });

  test('a shorter type of a table leaves open which windows it has', () => {
    const short: KTable<string, number> = counts;
    const windows: KTable<Windowed<string>, number> = perVisit;
    unrun(() => {
      expectTypeOf(app.store(short)).toEqualTypeOf<ReadOnlyKeyValueStore<string, number>>();
      expectTypeOf(app.store(windows)).toEqualTypeOf<
        | ReadOnlyWindowStore<string, number>
        | ReadOnlySessionStore<string, number>
        | ReadOnlyKeyValueStore<Windowed<string>, number>
      >();
      expectTypeOf(app.store(windows, 'session')).toEqualTypeOf<
        ReadOnlySessionStore<string, number>
      >();
    });
  });
});

describe('a store read through its builder or its name', () => {
  test('a builder says all, values come without timestamps', () => {
    const named = { name: 's', ...text };
    const retention = { ...named, retention: '1h' } as const;
    unrun(() => {
      expectTypeOf(app.store(Stores.keyValue(named))).toEqualTypeOf<
        ReadOnlyKeyValueStore<string, string>
      >();
      expectTypeOf(app.store(Stores.timestampedKeyValue(named))).toEqualTypeOf<
        ReadOnlyKeyValueStore<string, string>
      >();
      expectTypeOf(app.store(Stores.window({ ...retention, windowSize: '1m' }))).toEqualTypeOf<
        ReadOnlyWindowStore<string, string>
      >();
      expectTypeOf(
        app.store(Stores.timestampedWindow({ ...retention, windowSize: '1m' })),
      ).toEqualTypeOf<ReadOnlyWindowStore<string, string>>();
      expectTypeOf(app.store(Stores.session(retention))).toEqualTypeOf<
        ReadOnlySessionStore<string, string>
      >();
      expectTypeOf(
        app.store(Stores.versionedKeyValue({ ...named, historyRetention: '1h' })),
      ).toEqualTypeOf<ReadOnlyVersionedKeyValueStore<string, string>>();
    });
  });

  test('a name says nothing, but the kind can be said', () => {
    unrun(() => {
      expectTypeOf(app.store('s')).toEqualTypeOf<ReadOnlyKeyValueStore<unknown, unknown>>();
      expectTypeOf(app.store('s', 'window')).toEqualTypeOf<ReadOnlyWindowStore<unknown, unknown>>();
    });
  });
});
