/** What the compiler knows about a program: types that flow through operators, and programs that must not compile. */
import { describe, expectTypeOf, test } from 'vitest';
import type { GlobalKTable } from '../../src/dsl/global-ktable.js';
import type { KGroupedStream } from '../../src/dsl/grouped-stream.js';
import type { KStream } from '../../src/dsl/kstream.js';
import type { KTable } from '../../src/dsl/ktable.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { FixedKeyProcessorContext, ProcessorContext } from '../../src/processor/processor.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { KeyValueStore } from '../../src/state/key-value.js';
import { Stores } from '../../src/state/stores.js';

interface Order {
  readonly customer: string;
  readonly total: number;
}
interface Refund extends Order {
  readonly refund: true;
}

/** A table that is not windowed and not versioned, as operators return it. */
type Rows<K, V, Deleted extends null = null> = KTable<K, V, Deleted, 'keyValue'>;

const text = { key: Serdes.string(), value: Serdes.string() };
const orderOptions = { key: Serdes.string(), value: Serdes.json<Order>() };
const isRefund = (_key: string, order: Order): order is Refund => 'refund' in order;

const orders = () => new StreamsBuilder().stream('orders', orderOptions);

describe('sources', () => {
  test('serdes give the types, bytes are unknown', () => {
    const builder = new StreamsBuilder();
    expectTypeOf(builder.stream('a', text)).toEqualTypeOf<KStream<string, string>>();
    expectTypeOf(builder.stream('b', { value: Serdes.long() })).toEqualTypeOf<
      KStream<unknown, number>
    >();
    expectTypeOf(builder.stream('c')).toEqualTypeOf<KStream<unknown, unknown>>();
    expectTypeOf(builder.table('d', text)).toEqualTypeOf<Rows<string, string>>();
    expectTypeOf(builder.globalTable('e', text)).toEqualTypeOf<GlobalKTable<string, string>>();
  });

  test('defaults of the builder give the types where nothing else does', () => {
    const builder = new StreamsBuilder({ key: Serdes.string(), value: Serdes.long() });
    expectTypeOf(builder.stream('a')).toEqualTypeOf<KStream<string, number>>();
    expectTypeOf(builder.stream('b', { value: Serdes.string() })).toEqualTypeOf<
      KStream<string, string>
    >();
  });
});

describe('stateless operators', () => {
  test('keys and values flow', () => {
    expectTypeOf(orders().mapValues((order) => order.total)).toEqualTypeOf<
      KStream<string, number>
    >();
    expectTypeOf(orders().map((key, order) => [order.total, key])).toEqualTypeOf<
      KStream<number, string>
    >();
    expectTypeOf(orders().flatMap((key, order) => [[order.total, key]])).toEqualTypeOf<
      KStream<number, string>
    >();
    expectTypeOf(orders().flatMapValues((order) => [...order.customer])).toEqualTypeOf<
      KStream<string, string>
    >();
    expectTypeOf(orders().selectKey((_key, order) => order.total)).toEqualTypeOf<
      KStream<number, Order>
    >();
    expectTypeOf(orders().foreach(() => {})).toEqualTypeOf<void>();
  });

  test('a promise is waited for: its value is the value', () => {
    const looked = orders().mapValues(async (order) => order.customer);
    expectTypeOf(looked).toEqualTypeOf<KStream<string, string>>();
  });

  test('a type guard narrows filter and split', () => {
    expectTypeOf(orders().filter(isRefund)).toEqualTypeOf<KStream<string, Refund>>();
    const { refunds, small, rest } = orders().split({
      refunds: isRefund,
      small: (_key, order) => order.total < 10,
      rest: true,
    });
    expectTypeOf(refunds).toEqualTypeOf<KStream<string, Refund>>();
    expectTypeOf(small).toEqualTypeOf<KStream<string, Order>>();
    expectTypeOf(rest).toEqualTypeOf<KStream<string, Order>>();
  });

  test('split in Javas style is a map by name', () => {
    const branches = orders().split().branch(isRefund).defaultBranch();
    expectTypeOf(branches).toEqualTypeOf<ReadonlyMap<string, KStream<string, Order>>>();
  });

  test('merge has the values of both', () => {
    const stream = orders();
    const merged = stream.merge(stream.mapValues((order) => order.total));
    expectTypeOf(merged).toEqualTypeOf<KStream<string, Order | number>>();
  });

  test('a sink takes a serde of a wider type and refuses another one', () => {
    orders().to('out', { value: Serdes.json<unknown>() });
    orders().filter(isRefund).to('out', { value: Serdes.json<Order>() });
    const notes = orders().mapValues((order): string | undefined => order.customer);
    // @ts-expect-error undefined is no text: it would be refused at the sink
    notes.to('out', { value: Serdes.string() });
    // @ts-expect-error nor is it a row of a table
    notes.toTable({ value: Serdes.string() });
    // @ts-expect-error nor does it pass a repartition topic
    notes.repartition({ value: Serdes.string() });
    orders()
      .mapValues((order): string | null => order.customer)
      .to('out', { value: Serdes.string() });
    // @ts-expect-error an order is no text
    orders().to('out', { value: Serdes.string() });
    // @ts-expect-error orders that are no refunds cannot be written as refunds
    orders().to('out', { value: Serdes.json<Refund>() });
  });
});

describe('groupings and tables', () => {
  test('a count has numbers, and no row of it goes away', () => {
    const counts = orders().groupByKey().count({ as: 'counts' });
    expectTypeOf(counts).toEqualTypeOf<Rows<string, number, never>>();
    expectTypeOf(counts.toStream()).toEqualTypeOf<KStream<string, number>>();
    counts.toStream().to('out', { value: Serdes.long() });
  });

  test('a grouping takes the serde of its new key', () => {
    const grouped = orders().groupBy((_key, order) => order.total, { key: Serdes.double() });
    expectTypeOf(grouped).toEqualTypeOf<KGroupedStream<number, Order>>();
    // @ts-expect-error the key is a number
    orders().groupBy((_key, order) => order.total, { key: Serdes.string() });
  });

  test('an aggregation has the type of its initializer', () => {
    const sums = orders()
      .groupByKey()
      .aggregate(
        () => 0,
        (_key, order, sum) => sum + order.total,
        { value: Serdes.double() },
      );
    expectTypeOf(sums).toEqualTypeOf<Rows<string, number>>();
    const add = (_key: string, order: Order, sum: number) => sum + order.total;
    const grouped = orders().groupByKey();
    const asText = { value: Serdes.string() };
    // @ts-expect-error the store cannot hold numbers as text
    grouped.aggregate(() => 0, add, asText);
  });

  test('the serde of an aggregation says what an empty list is a list of', () => {
    const lists = orders()
      .groupByKey()
      .aggregate(
        () => [],
        (_key, order, list) => [...list, order.total],
        { value: Serdes.json<number[]>() },
      );
    expectTypeOf(lists).toEqualTypeOf<Rows<string, number[]>>();
  });

  test('the stream of a table that can delete has null', () => {
    const table = new StreamsBuilder().table('addresses', text);
    expectTypeOf(table.toStream()).toEqualTypeOf<KStream<string, string | null>>();
    const rekeyed = table.toStream({ keySelector: (_key, value) => value?.length ?? 0 });
    expectTypeOf(rekeyed).toEqualTypeOf<KStream<number, string | null>>();
    expectTypeOf(table.mapValues((value) => value.length)).toEqualTypeOf<Rows<string, number>>();
    table.toStream().to('out', { value: Serdes.string() });
  });

  test('null leaves a row out of a mapped table, undefined is no row', () => {
    const table = new StreamsBuilder().table('addresses', text);
    const short = table.mapValues((value) => (value.length < 9 ? value : null));
    expectTypeOf(short).toEqualTypeOf<Rows<string, string>>();
    const found = table.mapValues((value): string | undefined => value);
    expectTypeOf(found).toEqualTypeOf<Rows<string, string | undefined>>();
    // @ts-expect-error it would be refused at the sink
    found.toStream().to('out', { value: Serdes.string() });
  });
});

describe('joins', () => {
  const builder = new StreamsBuilder();
  const stream = builder.stream('orders', orderOptions);
  const addresses = builder.table('addresses', text);
  const byNumber = builder.table('numbers', { key: Serdes.long(), value: Serdes.string() });
  const everywhere = builder.globalTable('everywhere', {
    key: Serdes.long(),
    value: Serdes.string(),
  });

  test('a joiner gets both values and the key; a left join may miss the right one', () => {
    const joined = stream.join(addresses, (order, address, key) => {
      expectTypeOf(order).toEqualTypeOf<Order>();
      expectTypeOf(address).toEqualTypeOf<string>();
      expectTypeOf(key).toEqualTypeOf<string>();
      return order.total;
    });
    expectTypeOf(joined).toEqualTypeOf<KStream<string, number>>();
    stream.leftJoin(addresses, (_order, address) => {
      expectTypeOf(address).toEqualTypeOf<string | undefined>();
      return address ?? '';
    });
  });

  test('tables of other keys do not join', () => {
    // @ts-expect-error the table has numbers as keys
    stream.join(byNumber, (order) => order.total);
  });

  test('a global table is joined by a selected key of its own type', () => {
    const joined = stream.join(everywhere, (order, name) => order.customer + name, {
      keySelector: (_key, order) => order.total,
    });
    expectTypeOf(joined).toEqualTypeOf<KStream<string, string>>();
    // @ts-expect-error the options are not optional here
    const unselected = () => stream.join(everywhere, (order) => order.total);
    const wrongKey = () =>
      // @ts-expect-error the table has numbers as keys
      stream.join(everywhere, (order) => order.total, { keySelector: (key) => key });
    expectTypeOf(unselected).toBeFunction();
    expectTypeOf(wrongKey).toBeFunction();
  });
});

describe('processors', () => {
  const seen = Stores.keyValue({ name: 'seen', key: Serdes.string(), value: Serdes.long() });

  test('the supplier sees the streams types, the context says what comes out', () => {
    const lengths = new StreamsBuilder().stream('in', text).process(
      (context: ProcessorContext<string, number>) => {
        const store = context.getStateStore(seen);
        return {
          process(record) {
            expectTypeOf(record.key).toEqualTypeOf<string>();
            expectTypeOf(record.value).toEqualTypeOf<string>();
            store.put(record.key, (store.get(record.key) ?? 0) + 1);
            context.forward({ ...record, value: record.value.length });
            // @ts-expect-error a text is no number
            context.forward(record);
          },
        };
      },
      { stores: [seen] },
    );
    expectTypeOf(lengths).toEqualTypeOf<KStream<string, number>>();
  });

  test('stores given by name reach the supplier, with their types, and no others', () => {
    const lengths = new StreamsBuilder().stream('in', text).process(
      (context: ProcessorContext<string, number>, stores) => ({
        process(record) {
          expectTypeOf(stores.counts.get(record.key)).toEqualTypeOf<number | undefined>();
          // @ts-expect-error it is not connected
          expectTypeOf(stores.others).toBeAny();
          context.forward({ ...record, value: record.value.length });
        },
      }),
      { stores: { counts: seen } },
    );
    expectTypeOf(lengths).toEqualTypeOf<KStream<string, number>>();
    new StreamsBuilder().stream('in', text).process(
      (_context, stores) => ({
        process() {
          // @ts-expect-error a list gives no stores by name
          expectTypeOf(stores.seen).toBeAny();
        },
      }),
      { stores: [seen] },
    );
    class Counting {
      readonly stores: { readonly counts: KeyValueStore<string, number> };
      constructor(
        _context: FixedKeyProcessorContext<string, number>,
        stores: { readonly counts: KeyValueStore<string, number> },
      ) {
        this.stores = stores;
      }
      process(): void {}
    }
    const stream = new StreamsBuilder().stream('in', text);
    expectTypeOf(stream.processValues(Counting, { stores: { counts: seen } })).toEqualTypeOf<
      KStream<string, number>
    >();
    // @ts-expect-error it needs a store that is not connected
    expectTypeOf(() => stream.processValues(Counting, { stores: { other: seen } })).toBeFunction();
    const names = Stores.keyValue({ name: 'names', ...text });
    expectTypeOf(() =>
      // @ts-expect-error it needs a store of numbers
      stream.processValues(Counting, { stores: { counts: names } }),
    ).toBeFunction();
  });

  test('a class is a supplier too', () => {
    class Upper {
      readonly context: ProcessorContext<string, string>;
      constructor(context: ProcessorContext<string, string>) {
        this.context = context;
      }
      process(record: { key: string; value: string; timestamp: number }): void {
        this.context.forward({ ...record, value: record.value.toUpperCase() });
      }
    }
    const upper = new StreamsBuilder().stream('in', text).process(Upper);
    expectTypeOf(upper).toEqualTypeOf<KStream<string, string>>();
  });
});
