/**
 * linesplit: each line of `streams-plaintext-input` becomes one record per word in `streams-linesplit-output`.
 *
 *     npm run linesplit
 */
import { KafkaStreams, Serdes, StreamsBuilder, memoryLog } from 'millrace';

const builder = new StreamsBuilder();
builder
  .stream('streams-plaintext-input', { value: Serdes.string() })
  .flatMapValues((line) => line.split(/\W+/).filter(Boolean))
  .to('streams-linesplit-output', { value: Serdes.string() }); // flatMapValues made new values: say what they are

const log = memoryLog();
await log.admin().createTopics([{ topic: 'streams-plaintext-input', partitions: 1 }]);

const producer = log.producer({ value: Serdes.string() });
const lines = ['all streams lead to kafka', 'hello kafka streams', 'join kafka summit'];
await producer.sendBatch(
  'streams-plaintext-input',
  lines.map((value) => ({ value })),
);

const app = new KafkaStreams(builder.build(), { applicationId: 'streams-linesplit', log });
await app.run({ until: 'caughtUp' });

const consumer = log.consumer({ groupId: 'reader', fromBeginning: true, value: Serdes.string() });
await consumer.subscribe(['streams-linesplit-output']);
for await (const record of consumer.untilEnd()) {
  console.log(record.value);
}
await consumer.close();
await log.close();
