/**
 * pipe: everything that arrives in `streams-plaintext-input` goes on to `streams-pipe-output`, exactly once.
 * Keys and values pass through as they are; only this program's own producer and consumer know that they are text.
 *
 *     npm run pipe
 */
import { KafkaStreams, Serdes, StreamsBuilder, memoryLog } from 'millrace';

const builder = new StreamsBuilder();
builder.stream('streams-plaintext-input').to('streams-pipe-output');

const log = memoryLog();
await log.admin().createTopics([{ topic: 'streams-plaintext-input', partitions: 1 }]);

const producer = log.producer({ value: Serdes.string() });
const lines = ['all streams lead to kafka', 'hello kafka streams', 'join kafka summit'];
await producer.sendBatch(
  'streams-plaintext-input',
  lines.map((value) => ({ value })),
);

const app = new KafkaStreams(builder.build(), { applicationId: 'streams-pipe', log });
await app.run({ until: 'caughtUp' });

const consumer = log.consumer({ groupId: 'reader', fromBeginning: true, value: Serdes.string() });
await consumer.subscribe(['streams-pipe-output']);
for await (const record of consumer.untilEnd()) {
  console.log(record.value);
}
await consumer.close();
await log.close();
