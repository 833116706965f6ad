/** What the compiler knows about tables: their operators, their joins, and the stores behind them. */
import { describe, expectTypeOf, test } from 'vitest';
import type { KGroupedTable } from '../../src/dsl/grouped-table.js';
import type { KStream } from '../../src/dsl/kstream.js';
import type { KTable } from '../../src/dsl/ktable.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Suppressed } from '../../src/dsl/suppressed.js';
import { Serdes } from '../../src/serde/serdes.js';

interface Order {
  readonly customer: string;
  readonly total: number;
}
interface Customer {
  readonly name: string;
}

type Rows<K, V, Deleted extends null = null> = KTable<K, V, Deleted, 'keyValue'>;
type Versions<K, V, Deleted extends null = null> = KTable<K, V, Deleted, 'versioned'>;

const text = { key: Serdes.string(), value: Serdes.string() };
const builder = new StreamsBuilder();
const orders = builder.table('orders', { key: Serdes.long(), value: Serdes.json<Order>() });
const customers = builder.table('customers', {
  key: Serdes.string(),
  value: Serdes.json<Customer>(),
});
const names = builder.table('names', text);
const counts = builder.stream('clicks', text).groupByKey().count();

/** Programs that must not compile are only read by the compiler. */
const unrun = (_program: () => unknown) => {};

describe('operators of tables', () => {
  test('filter narrows, mapValues and transformValues change the value', () => {
    const isLong = (_key: string, value: string): value is `${string}!` => value.endsWith('!');
    expectTypeOf(names.filter(isLong)).toEqualTypeOf<Rows<string, `${string}!`>>();
    expectTypeOf(names.filterNot(() => true)).toEqualTypeOf<Rows<string, string>>();
    expectTypeOf(names.mapValues((name) => name.length)).toEqualTypeOf<Rows<string, number>>();
    expectTypeOf(
      names.transformValues(() => ({ transform: (_key, name) => name?.length ?? 0 })),
    ).toEqualTypeOf<Rows<string, number>>();
    unrun(() =>
      // @ts-expect-error a store of texts holds no lengths
      names.mapValues((name) => name.length, { as: 'lengths', value: Serdes.string() }),
    );
    unrun(() =>
      names.transformValues(() => ({
        // @ts-expect-error a deleted row is null
        transform: (_key, name) => name.length,
      })),
    );
  });

  test('a count whose rows stay is still one after mapValues and suppress', () => {
    expectTypeOf(counts.mapValues(String)).toEqualTypeOf<Rows<string, string, never>>();
    const fewer = counts.suppress(Suppressed.untilTimeLimit('5s'));
    expectTypeOf(fewer.toStream()).toEqualTypeOf<KStream<string, number>>();
    expectTypeOf(counts.filter(() => true).toStream()).toEqualTypeOf<
      KStream<string, number | null>
    >();
  });

  test('a table whose rows stay can stand where one is wanted whose rows may go', () => {
    expectTypeOf(counts).toExtend<KTable<string, number>>();
    expectTypeOf(names).not.toExtend<KTable<string, string, never>>();
    expectTypeOf(names).not.toExtend<KTable<string, number>>();
    expectTypeOf(names).not.toExtend<KTable<number, string>>();
  });

  test('only windowed tables are held back until their windows close', () => {
    unrun(() =>
      // @ts-expect-error its keys are no windows
      counts.suppress(Suppressed.untilWindowCloses()),
    );
  });
});

describe('groupings of tables', () => {
  const grouped = orders.groupBy((id, order) => [order.customer, id], {
    key: Serdes.string(),
    value: Serdes.long(),
  });

  test('the pair gives the types, null leaves a row out', () => {
    expectTypeOf(grouped).toEqualTypeOf<KGroupedTable<string, number>>();
    const some = orders.groupBy((id, order) => (order.total > 9 ? [order.customer, id] : null));
    expectTypeOf(some).toEqualTypeOf<KGroupedTable<string, number>>();
    expectTypeOf(grouped.count()).toEqualTypeOf<Rows<string, number, never>>();
    expectTypeOf(
      grouped.reduce(
        (sum, id) => sum + id,
        (sum, id) => sum - id,
      ),
    ).toEqualTypeOf<Rows<string, number>>();
    const lists = grouped.aggregate(
      () => [],
      (_customer, id, list) => [...list, id],
      (_customer, id, list) => list.filter((one) => one !== id),
      { value: Serdes.json<number[]>() },
    );
    expectTypeOf(lists).toEqualTypeOf<Rows<string, number[]>>();
  });

  test('a value is no pair, a serde is one of the new types, and what is added must be taken away', () => {
    // @ts-expect-error the new key and value are returned as a pair
    unrun(() => orders.groupBy((_id, order) => order.customer));
    unrun(() =>
      // @ts-expect-error the new key is a text
      orders.groupBy((id, order) => [order.customer, id], { key: Serdes.long() }),
    );
    // @ts-expect-error the subtractor is missing
    unrun(() => grouped.reduce((sum, id) => sum + id));
    unrun(() =>
      grouped.aggregate(
        () => 0,
        (_customer, id, sum) => sum + id,
        // @ts-expect-error the aggregate is a number
        (customer) => customer,
      ),
    );
  });
});

describe('joins of tables', () => {
  test('with equal keys both values are there; left and outer joins may miss them', () => {
    const joined = names.join(counts, (name, count) => {
      expectTypeOf(name).toEqualTypeOf<string>();
      expectTypeOf(count).toEqualTypeOf<number>();
      return `${name}${count}`;
    });
    expectTypeOf(joined).toEqualTypeOf<Rows<string, string>>();
    names.leftJoin(counts, (name, count) => {
      expectTypeOf(name).toEqualTypeOf<string>();
      expectTypeOf(count).toEqualTypeOf<number | undefined>();
      return name;
    });
    names.outerJoin(counts, (name, count) => {
      expectTypeOf(name).toEqualTypeOf<string | undefined>();
      expectTypeOf(count).toEqualTypeOf<number | undefined>();
      return name ?? count ?? null;
    });
    expectTypeOf(names.outerJoin(counts, (name) => name ?? null)).toEqualTypeOf<
      Rows<string, string>
    >();
  });

  test('a foreign key is one of the other table', () => {
    const joined = orders.join(customers, (order, customer) => order.total + customer.name.length, {
      foreignKey: (order, id) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(id).toEqualTypeOf<number>();
        return order.customer;
      },
      value: Serdes.double(),
    });
    expectTypeOf(joined).toEqualTypeOf<Rows<number, number>>();
    const left = orders.leftJoin(customers, (_order, customer) => customer?.name ?? null, {
      foreignKey: async (order) => order.customer,
    });
    expectTypeOf(left).toEqualTypeOf<Rows<number, string>>();
    // Also between tables with keys of the same type.
    expectTypeOf(
      names.join(customers, (_name, customer) => customer, { foreignKey: (name) => name }),
    ).toEqualTypeOf<Rows<string, Customer>>();
  });

  test('other keys need a foreign key, of their type', () => {
    // @ts-expect-error three arguments are expected: the keys differ
    unrun(() => orders.join(customers, (order) => order));
    // @ts-expect-error the option foreignKey is missing
    unrun(() => orders.leftJoin(customers, (order) => order, { as: 'joined' }));
    unrun(() =>
      orders.join(customers, (order) => order, {
        // @ts-expect-error customers have texts as keys
        foreignKey: (order) => order.total,
      }),
    );
    // @ts-expect-error an outer join has no foreign key
    unrun(() => orders.outerJoin(customers, () => 0));
  });

  test('a joiner takes the sides it is given, and a store what the joiner returns', () => {
    // @ts-expect-error the right side is a number
    unrun(() => names.join(counts, (name: string, count: string) => name + count));
    // @ts-expect-error the right side may be missing
    unrun(() => names.leftJoin(counts, (_name, count: number) => count));
    // @ts-expect-error a stream is no table
    unrun(() => names.join(builder.stream('s', text), (name) => name));
    unrun(() =>
      // @ts-expect-error the result is a text
      names.join(counts, (name) => name, { value: Serdes.long(), as: 'joined' }),
    );
  });
});

describe('versioned tables', () => {
  test('the option makes another kind of table, wherever a table is made', () => {
    const versioned = '1h';
    const table = builder.table('prices', { ...text, versioned });
    expectTypeOf(table).toEqualTypeOf<Versions<string, string>>();
    expectTypeOf(builder.table<string, string>('p', { versioned: 5 })).toExtend<
      KTable<string, string>
    >();
    expectTypeOf(table.filter(() => true)).toEqualTypeOf<Rows<string, string>>();
    expectTypeOf(table.mapValues(Number, { versioned })).toEqualTypeOf<Versions<string, number>>();
    expectTypeOf(builder.stream('s', text).toTable({ versioned })).toEqualTypeOf<
      Versions<string, string>
    >();
    expectTypeOf(
      builder.stream('s', text).groupByKey().count({ as: 'c', versioned }),
    ).toEqualTypeOf<Versions<string, number, never>>();
    expectTypeOf(names.join(counts, (name) => name, { versioned })).toEqualTypeOf<
      Versions<string, string>
    >();
    expectTypeOf(
      orders.join(customers, (order) => order, {
        foreignKey: (order) => order.customer,
        versioned,
      }),
    ).toEqualTypeOf<Versions<number, Order>>();
  });

  test('a history is a duration, and global tables have none', () => {
    // @ts-expect-error true is no duration
    unrun(() => builder.table('prices', { ...text, versioned: true }));
    // @ts-expect-error a global table cannot be versioned
    unrun(() => builder.globalTable('prices', { ...text, versioned: '1h' }));
  });
});
