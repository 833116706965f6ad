/** API.md 2 with the frame of 1. */
import { KafkaStreams, Serdes, StreamsBuilder, openLog } from 'millrace';

const builder = new StreamsBuilder();
const addresses = builder.table('address', { key: Serdes.string(), value: Serdes.string() });
builder
  .stream('order', { key: Serdes.string(), value: Serdes.string() })
  .join(addresses, (order, address) => `${order} send to ${address}`)
  .to('order_join', { value: Serdes.string() });

const log = await openLog('./data');
await log.admin().createTopics(
  [
    { topic: 'address', partitions: 3 },
    { topic: 'order', partitions: 3 },
  ],
  { ifNotExists: true },
);
const app = new KafkaStreams(builder.build(), { applicationId: 'order-address', log });
await app.run({ until: 'caughtUp' });
await log.close();
