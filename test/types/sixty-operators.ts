/**
 * A topology of sixty operators, for `instantiations.test.ts`: how much work it makes for the compiler. Nothing runs it.
 */
import {
  JoinWindows,
  Serdes,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
  type KTable,
  type ProcessorContext,
  type Topology,
} from 'millrace';

interface Order {
  readonly id: string;
  readonly customer: string;
  readonly total: number;
  readonly items: readonly string[];
}
interface Refund extends Order {
  readonly refund: true;
}
interface Customer {
  readonly name: string;
  readonly city: string;
}

const isRefund = (_key: string, order: Order): order is Refund => 'refund' in order;
const text = { key: Serdes.string(), value: Serdes.string() };
const double = { value: Serdes.double() };

export function sixtyOperators(): Topology {
  const builder = new StreamsBuilder();
  const orders = builder.stream('orders', { key: Serdes.string(), value: Serdes.json<Order>() }); // 1
  const customers = builder.table('customers', {
    key: Serdes.string(),
    value: Serdes.json<Customer>(),
    as: 'customers',
  }); // 2
  const cities = builder.globalTable('cities', text); // 3
  const clicks = builder.stream('clicks', text); // 4
  const { refunds, large, rest } = orders
    .filter((_id, order) => order.total !== 0) // 5
    .filterNot((id) => id === '') // 6
    .peek(() => {}) // 7
    .split({ refunds: isRefund, large: (_id, order) => order.total > 100, rest: true }); // 8
  refunds.mapValues((order) => -order.total).to('refunds', double); // 9, 10
  large
    .merge(rest) // 11
    .flatMapValues((order) => order.items) // 12
    .map((id, item) => [item, id]) // 13
    .repartition({ ...text }) // 14
    .flatMap((item, id) => [[id, item]]) // 15
    .selectKey((_id, item) => item) // 16
    .foreach(() => {}); // 17
  const byCustomer = orders.groupBy((_id, order) => order.customer, { key: Serdes.string() }); // 18
  const totals = byCustomer.aggregate(
    () => 0,
    (_customer, order, sum) => sum + order.total,
    { as: 'totals', value: Serdes.double() },
  ); // 19
  const counts = byCustomer.count({ as: 'counts' }); // 20
  const last = byCustomer.reduce((_old, order) => order, { as: 'last' }); // 21
  const rich = totals
    .filter((_customer, sum) => sum > 1000)
    .filterNot((_customer, sum) => sum > 1e6); // 22, 23
  const averages = totals
    .join(counts, (sum, count) => sum / count) // 24
    .mapValues((average) => Math.round(average), { as: 'averages', value: Serdes.long() }); // 25
  const known = averages
    .leftJoin(customers, (average, customer) => ({ average, city: customer?.city ?? '' })) // 26
    .outerJoin(rich, (one, sum) => ({ city: one?.city ?? '', sum: sum ?? 0 })); // 27
  const perCity = known
    .groupBy((_customer, { city, sum }) => [city, sum], { key: Serdes.string(), ...double }) // 28
    .reduce(
      (sum, one) => sum + one,
      (sum, one) => sum - one,
      { as: 'per-city' },
    ); // 29
  perCity.toStream().to('per-city'); // 30, 31
  const placed = last
    .join(customers, (order, customer) => ({ ...order, ...customer }), {
      foreignKey: (order) => order.customer,
    }) // 32
    .transformValues(() => ({ transform: (_customer, one) => one?.name.length ?? 0 })); // 33
  placed
    .suppress(Suppressed.untilTimeLimit('5s', { maxRecords: 10 })) // 34
    .toStream() // 35
    .to('placed', { value: Serdes.long() }); // 36
  const perMinute: KTable<{ key: string; window: { start: number; end: number } }, number> = clicks
    .groupByKey() // 37
    .windowedBy(TimeWindows.of({ size: '1m', advance: '10s', grace: '5s' })) // 38
    .count({ as: 'per-minute' }); // 39
  perMinute
    .suppress(Suppressed.untilWindowCloses()) // 40
    .toStream({ keySelector: ({ key }) => key }) // 41
    .to('per-minute', { key: Serdes.string(), value: Serdes.long() }); // 42
  const visits = clicks
    .groupByKey() // 43
    .windowedBy(SessionWindows.of({ gap: '30m', grace: 0 })) // 44
    .emitStrategy('onWindowClose')
    .aggregate(
      () => 0,
      (_user, _click, clicked) => clicked + 1,
      (_user, one, two) => one + two,
      { as: 'visits', value: Serdes.long() },
    ); // 45
  visits
    .mapValues((clicked) => clicked * 2)
    .toStream()
    .foreach(() => {}); // 46, 47, 48
  clicks
    .groupByKey() // 49
    .windowedBy(SlidingWindows.of({ difference: '10s', grace: 0 })) // 50
    .reduce((one, two) => one + two); // 51
  byCustomer
    .cogroup((_customer, order, sum: number) => sum + order.total) // 52
    .cogroup(clicks.groupByKey(), (_customer, _click, sum) => sum + 1) // 53
    .aggregate(() => 0, { as: 'active', value: Serdes.double() }); // 54
  orders
    .join(clicks, (order, click) => `${order.id}${click}`, {
      windows: JoinWindows.of({ within: '5s', grace: 0 }),
    }) // 55
    .leftJoin(customers, (one, customer) => `${one}${customer?.name}`) // 56
    .join(cities, (one, city) => one + city, { keySelector: (id) => id }) // 57
    .process((context: ProcessorContext<string, number>) => ({
      process(record) {
        context.forward(record.withValue(record.value.length));
      },
    })) // 58
    .toTable({ key: Serdes.string(), value: Serdes.long(), as: 'lengths' }) // 59
    .toStream() // 60
    .to('lengths');
  return builder.build();
}
