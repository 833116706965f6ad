/**
 * order-address-global: the same join with a global table. Every instance holds all of `address_v2`, so its partition
 * count (2) need not match that of `order` (3), and the key to look up may be computed from the order.
 *
 *     npm run order-address-global
 */
import { KafkaStreams, Serdes, StreamsBuilder, memoryLog } from 'millrace';

const text = { key: Serdes.string(), value: Serdes.string() };

const builder = new StreamsBuilder();
const addresses = builder.globalTable('address_v2', text);
builder
  .stream('order', text)
  .join(addresses, (order, address) => `${order} send to ${address}`, {
    keySelector: (name) => name,
  })
  .to('order_join', { value: Serdes.string() });

const log = memoryLog();
await log.admin().createTopics([
  { topic: 'address_v2', partitions: 2 },
  { topic: 'order', partitions: 3 },
]);

const producer = log.producer(text);
await producer.sendBatch('address_v2', [
  { key: 'han', value: 'Seoul' },
  { key: 'choi', value: 'Busan' },
  { key: 'kim', value: 'Daegu' },
]);
await producer.sendBatch('order', [
  { key: 'han', value: 'iPhone', timestamp: 10 },
  { key: 'choi', value: 'Galaxy', timestamp: 11 },
  { key: 'kim', value: 'iPad', timestamp: 12 },
  { key: 'An', value: 'Kindle', timestamp: 13 }, // no address: dropped
]);

// A global table is filled up to its end before the first order is read.
const app = new KafkaStreams(builder.build(), { applicationId: 'order-address-global', log });
await app.run({ until: 'caughtUp' });

const joined = [];
const consumer = log.consumer({ groupId: 'reader', fromBeginning: true, ...text });
await consumer.subscribe(['order_join']);
for await (const record of consumer.untilEnd()) joined.push(record);
joined.sort((a, b) => a.timestamp - b.timestamp); // three partitions: order across keys is not given
for (const { key, value } of joined) console.log(`${key}: ${value}`);
await consumer.close();
await log.close();
