/**
 * stream-log-copy: the Processor API without the DSL. A processor is made once per task, sees every record, keeps what
 * it knows in a store, and forwards what it likes. The topology is put together by hand and printed.
 *
 *     npm run stream-log-copy
 */
import {
  KafkaStreams,
  Serdes,
  Stores,
  Topology,
  memoryLog,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  type Record,
} from 'millrace';

const seen = Stores.keyValue({ name: 'seen', key: Serdes.string(), value: Serdes.long() });

class CopyWithCount implements Processor<string, string> {
  readonly #context: ProcessorContext<string, string>;
  readonly #seen: KeyValueStore<string, number>;

  constructor(context: ProcessorContext<string, string>) {
    this.#context = context;
    this.#seen = context.getStateStore(seen);
  }

  process(record: Record<string, string>): void {
    const times = (this.#seen.get(record.key) ?? 0) + 1;
    this.#seen.put(record.key, times);
    this.#context.forward(record.withValue(`${record.value} (${record.key} for time ${times})`));
  }
}

const text = { key: Serdes.string(), value: Serdes.string() };
const topology = new Topology()
  .addSource('log source', 'stream_log', text)
  .addProcessor('copy', CopyWithCount, 'log source', { stores: [seen] })
  .addSink('copy sink', 'stream_log_copy', 'copy', text);
process.stdout.write(topology.describe().toString());

const log = memoryLog();
await log.admin().createTopics([{ topic: 'stream_log', partitions: 1 }]);
await log.producer(text).sendBatch('stream_log', [
  { key: 'web', value: 'GET /' },
  { key: 'db', value: 'connected' },
  { key: 'web', value: 'GET /about' },
]);

const app = new KafkaStreams(topology, { applicationId: 'stream-log-copy', log });
await app.run({ until: 'caughtUp' });

const consumer = log.consumer({ groupId: 'reader', fromBeginning: true, ...text });
await consumer.subscribe(['stream_log_copy']);
for await (const record of consumer.untilEnd()) {
  console.log(`${record.key}: ${record.value}`);
}
await consumer.close();
await log.close();
