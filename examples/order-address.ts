/**
 * order-address: a stream of orders joined with a table of addresses. Each order meets the address as it was at the
 * order's own time, so an address that changes is seen by later orders only; an order without address waits for nobody.
 * Both topics have 3 partitions and the same keys: that is what lets each task join on its own.
 *
 *     npm run order-address
 */
import { KafkaStreams, Serdes, StreamsBuilder, memoryLog } from 'millrace';

const text = { key: Serdes.string(), value: Serdes.string() };

const builder = new StreamsBuilder();
const addresses = builder.table('address', text);
builder
  .stream('order', text)
  .join(addresses, (order, address) => `${order} send to ${address}`)
  .to('order_join', { value: Serdes.string() });

const log = memoryLog();
await log.admin().createTopics([
  { topic: 'address', partitions: 3 },
  { topic: 'order', partitions: 3 },
]);

const producer = log.producer(text);
await producer.sendBatch('address', [
  { key: 'han', value: 'Seoul', timestamp: 0 },
  { key: 'choi', value: 'Busan', timestamp: 0 },
  { key: 'kim', value: 'Daegu', timestamp: 0 },
  { key: 'han', value: 'Jeju', timestamp: 20 }, // han moves house
]);
await producer.sendBatch('order', [
  { key: 'han', value: 'iPhone', timestamp: 10 },
  { key: 'choi', value: 'Galaxy', timestamp: 11 },
  { key: 'kim', value: 'iPad', timestamp: 12 },
  { key: 'An', value: 'Kindle', timestamp: 13 }, // no address: an inner join drops it
  { key: 'han', value: 'AirPods', timestamp: 30 },
]);

const app = new KafkaStreams(builder.build(), { applicationId: 'order-address', log });
await app.run({ until: 'caughtUp' });

const joined = [];
const consumer = log.consumer({ groupId: 'reader', fromBeginning: true, ...text });
await consumer.subscribe(['order_join']);
for await (const record of consumer.untilEnd()) joined.push(record);
joined.sort((a, b) => a.timestamp - b.timestamp); // three partitions: order across keys is not given
for (const { key, value } of joined) console.log(`${key}: ${value}`);
await consumer.close();
await log.close();
