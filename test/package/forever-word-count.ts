/** API.md 1 as it stands: runs until it is told to stop, then closes gracefully. */
import { KafkaStreams, Serdes, StreamsBuilder, openLog } from 'millrace';

const builder = new StreamsBuilder();
const counts = builder
  .stream('streams-plaintext-input', { value: Serdes.string() })
  .flatMapValues((line) => line.toLowerCase().split(/\W+/).filter(Boolean))
  .groupBy((_key, word) => word, { key: Serdes.string(), value: Serdes.string() })
  .count({ as: 'counts-store' });
counts.toStream().to('streams-wordcount-output'); // serdes are known here: string and int64

const log = await openLog('./data'); // or memoryLog(), or kafka({ brokers: ['localhost:9092'] })
await log
  .admin()
  .createTopics([{ topic: 'streams-plaintext-input', partitions: 3 }], { ifNotExists: true });
const app = new KafkaStreams(builder.build(), { applicationId: 'streams-wordcount', log });
await app.run(); // starts; closes gracefully on SIGINT or SIGTERM; rejects on a fatal error
await log.close();
