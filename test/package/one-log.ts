/** API.md 3: the log with its admin, producer and consumer. */
import { Serdes, memoryLog } from 'millrace';

interface Order {
  readonly item: string;
}

const log = memoryLog();
const admin = log.admin();
await admin.createTopics([
  { topic: 'order', partitions: 3, config: { 'retention.ms': 86_400_000 } },
]);
const producer = log.producer({ key: Serdes.string(), value: Serdes.json<Order>() });
const { partition, offset } = await producer.send({
  topic: 'order',
  key: 'han',
  value: { item: 'iphone' },
});
await producer.sendBatch('order', [{ key: 'choi', value: { item: 'galaxy' } }]);
const ends = await admin.listOffsets('order', 'latest'); // [{ partition, offset }]; also 'earliest' or a timestamp
const consumer = log.consumer({
  groupId: 'g',
  fromBeginning: true,
  key: Serdes.string(),
  value: Serdes.json<Order>(),
});
await consumer.subscribe(['order']);
for await (const record of consumer) {
  const { topic, timestamp, key, value, headers } = record;
  console.log(topic, record.partition, record.offset, timestamp, key, value, headers);
  break;
}
await consumer.close();
await log.close();
console.log(partition, offset, ends.length);
