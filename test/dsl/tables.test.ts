/** Operators of tables: joins, foreign keys, groupings, transformers, versions; each program in each way. */
import { describe, expect, test } from 'vitest';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';
import { cached, lastOf, output, text, WAYS, type Program } from './each-way.js';

interface Case extends Program {
  readonly name: string;
  readonly expected: readonly string[];
  readonly dropped?: number;
}

const TWO_TABLES = [
  'left k a 1',
  'right k x 5', // both sides are there: the larger time
  'left k b 3', // out of order on the left: taken all the same
  'right - y 6', // no key
  'right k - 7',
  'right k - 8', // there is nothing to delete: the left row speaks again, as in Kafka
  'left k - 9',
  'right k z 2',
  'left k c 10',
];

const CASES: readonly Case[] = [
  {
    name: 'join of tables',
    draw: (builder, answer) =>
      builder
        .table('left')
        .join(builder.table('right'), (left, right) => answer(left + right))
        .toStream()
        .to('out', text),
    rows: TWO_TABLES,
    expected: ['k=ax@5', 'k=bx@5', 'k=null@7', 'k=null@8', 'k=cz@10'],
    dropped: 1,
  },
  {
    name: 'left join of tables',
    draw: (builder, answer) =>
      builder
        .table('left')
        .leftJoin(builder.table('right'), (left, right) => answer(`${left}${right ?? ''}`))
        .toStream()
        .to('out', text),
    rows: TWO_TABLES,
    expected: ['k=a@1', 'k=ax@5', 'k=bx@5', 'k=b@7', 'k=b@8', 'k=null@9', 'k=cz@10'],
    dropped: 1,
  },
  {
    name: 'outer join of tables',
    draw: (builder, answer) =>
      builder
        .table('left')
        .outerJoin(builder.table('right'), (left, right) => answer(`${left ?? ''}${right ?? ''}`))
        .toStream()
        .to('out', text),
    rows: TWO_TABLES,
    expected: ['k=a@1', 'k=ax@5', 'k=bx@5', 'k=b@7', 'k=b@8', 'k=null@9', 'k=z@2', 'k=cz@10'],
    dropped: 1,
  },
  {
    name: 'join by foreign key',
    draw: (builder, answer) =>
      builder
        .table('orders')
        .join(builder.table('customers'), (order, customer) => answer(`${order}:${customer}`), {
          foreignKey: (order) => answer(order[0] === '?' ? null : order[0]!),
        })
        .toStream()
        .to('out', text),
    rows: [
      'orders 1 h-phone 1', // no such customer yet
      'customers h han 2',
      'orders 2 h-tablet 3',
      'orders 1 k-phone 4', // points elsewhere: the row goes
      'customers k kim 5',
      'customers h hanna 6',
      'orders 3 ?-none 7', // points nowhere
      'customers k - 8',
      'orders 2 - 9',
      'customers h han 10', // nobody points there any more
    ],
    expected: [
      '1=h-phone:han@2',
      '2=h-tablet:han@3',
      '1=null@4',
      '1=k-phone:kim@5',
      '2=h-tablet:hanna@6',
      '1=null@8',
      '2=null@9',
    ],
    dropped: 1,
  },
  {
    name: 'left join by foreign key',
    draw: (builder, answer) =>
      builder
        .table('orders')
        .leftJoin(
          builder.table('customers'),
          (order, customer) => answer(`${order}:${customer ?? ''}`),
          { foreignKey: (order) => answer(order[0]!) },
        )
        .toStream()
        .to('out', text),
    rows: ['orders 1 h-phone 1', 'customers h han 2', 'customers h - 3', 'orders 1 - 4'],
    expected: ['1=h-phone:@1', '1=h-phone:han@2', '1=h-phone:@3', '1=null@4'],
  },
  {
    name: 'groupBy and count',
    draw: (builder, answer) =>
      builder
        .table('people')
        .groupBy((person, city) => answer(city === 'nowhere' ? null : [city, person]), text)
        .count()
        .toStream()
        .mapValues(String)
        .to('out', text),
    rows: [
      'people han seoul 1',
      'people kim seoul 2',
      'people han busan 3', // moves: one leaves, one comes
      'people kim nowhere 4',
      'people han - 5',
      'people han - 6',
    ],
    expected: ['seoul=1@1', 'seoul=2@2', 'seoul=1@3', 'busan=1@3', 'seoul=0@4', 'busan=0@5'],
  },
  {
    name: 'groupBy and reduce',
    draw: (builder, answer) =>
      builder
        .table('people')
        .groupBy((person, city) => answer([city, person] as const), text)
        .reduce(
          (people, person) => answer(people + person),
          (people, person) => answer(people.replace(person, '') || null),
        )
        .toStream()
        .to('out', text),
    rows: [
      'people h seoul 1',
      'people k seoul 2',
      'people h seoul 3',
      'people h - 4',
      'people k - 5',
    ],
    expected: ['seoul=h@1', 'seoul=hk@2', 'seoul=kh@3', 'seoul=k@4', 'seoul=null@5'],
  },
  {
    name: 'groupBy and an aggregate that is changed in place',
    draw: (builder, answer) =>
      builder
        .table('people')
        .groupBy((person, city) => answer([city, person] as const), text)
        .aggregate(
          () => answer<string[]>([]),
          (_city, person, people) => (people.push(person), answer(people)),
          (_city, person, people) => (people.splice(people.indexOf(person), 1), answer(people)),
          { value: Serdes.json<string[]>() },
        )
        // It looks at the old value too: a row that did not pass before is not deleted.
        .filter((_city, people) => people.length > 1)
        .toStream()
        .mapValues((people) => people?.join('') ?? null)
        .to('out', text),
    rows: [
      'people h seoul 1',
      'people k seoul 2',
      'people c seoul 3',
      'people k - 4',
      'people h - 5',
      'people c - 6',
    ],
    expected: ['seoul=hk@2', 'seoul=hkc@3', 'seoul=hc@4', 'seoul=null@5'],
  },
  {
    name: 'transformValues with a store of its own',
    draw: (builder, answer) => {
      const seen = Stores.keyValue({ name: 'seen', key: Serdes.string(), value: Serdes.long() });
      builder.addStateStore(seen);
      builder
        .table('in')
        .transformValues<string>(
          (context) => {
            const updates = context.getStateStore(seen);
            return {
              transform(key, value) {
                const count = (updates.get(key) ?? 0) + 1;
                updates.put(key, count);
                return answer(`${value ?? 'gone'}${count}`);
              },
            };
          },
          { stores: ['seen'], as: 'transformed', value: Serdes.string() },
        )
        .toStream()
        .to('out', text);
    },
    rows: ['in k a 1', 'in k b 2', 'in k - 3', 'in k c 0'],
    expected: ['k=a1@1', 'k=b2@2', 'k=gone3@3', 'k=c4@0'],
  },
  {
    name: 'a stream that joins a versioned table sees the row of its own time',
    draw: (builder, answer) => {
      const prices = builder.table('prices', { as: 'prices', versioned: '1h' });
      builder
        .stream('orders')
        .join(prices, (order, price) => answer(order + price))
        .to('out', text);
    },
    rows: [
      'prices apple 10 100',
      'prices apple 12 200',
      'orders apple a 150',
      'orders apple b 200',
      'prices apple 11 160', // late: finds its place
      'orders apple c 170',
      'orders apple d 50', // there was no price yet
      'prices apple - 300',
      'orders apple e 299',
      'orders apple f 300',
    ],
    expected: ['apple=a10@150', 'apple=b12@200', 'apple=c11@170', 'apple=e12@299'],
  },
  {
    name: 'a stream waits for the grace of its join with a versioned table',
    draw: (builder, answer) => {
      const prices = builder.table('prices', { as: 'prices', versioned: '1h' });
      builder
        .stream('orders')
        .leftJoin(prices, (order, price) => answer(order + (price ?? '?')), { grace: 10 })
        .to('out', text);
    },
    rows: [
      'orders apple a 100',
      'prices apple 1 90',
      'orders apple b 105',
      'orders pear c 109', // nothing is due yet
      'orders apple d 111', // 100 is past its grace
      'orders apple e 95', // later than the grace: joined at once
      'orders pear f 140',
    ],
    expected: ['apple=a1@100', 'apple=e1@95', 'apple=b1@105', 'pear=c?@109', 'apple=d1@111'],
  },
];

describe.each(CASES)('$name', ({ expected, dropped = 0, ...program }) => {
  test('gives what Kafka gives', async () => {
    expect(await output(program)).toEqual({ records: expected, dropped });
  });

  test.each(WAYS)('%s it gives the same', async (_name, way) => {
    expect((await output(program, way)).records).toEqual(expected);
  });

  test('with record caches the last row of each key is the same', async () => {
    expect(lastOf(await cached(program))).toEqual(lastOf({ records: [...expected], dropped }));
  });
});

test('what a user function of a join throws names the node, and the table stays as it was', async () => {
  const failing = output({
    draw: (builder) =>
      builder
        .table('left')
        .join(
          builder.table('right'),
          () => {
            throw new Error('boom');
          },
          { name: 'mine' },
        )
        .toStream()
        .to('out', text),
    rows: ['left k a 1', 'right k x 2'],
  });
  await expect(failing).rejects.toMatchObject({
    code: 'PROCESS_FAILED',
    where: { node: 'mine-join-other' },
    cause: { message: 'boom' },
  });
});
