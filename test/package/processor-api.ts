/** API.md 5 with the frame of 1. */
import {
  KafkaStreams,
  Serdes,
  Stores,
  StreamsBuilder,
  memoryLog,
  type ProcessorContext,
} from 'millrace';

const builder = new StreamsBuilder();
const seen = Stores.keyValue({ name: 'seen', key: Serdes.string(), value: Serdes.long() });
builder
  .stream('stream_log', { key: Serdes.string(), value: Serdes.string() })
  .process(
    (context: ProcessorContext<string, number>) => {
      const store = context.getStateStore(seen);
      context.schedule('10s', 'wallClock', (_now) => {
        /* ... */
      });
      return {
        process(record) {
          store.put(record.key, (store.get(record.key) ?? 0) + 1);
          context.forward({ ...record, value: record.value.length });
        },
        close() {},
      };
    },
    { stores: [seen] },
  )
  .to('stream_log_copy', { value: Serdes.long() });

const log = memoryLog();
await log.admin().createTopics([{ topic: 'stream_log', partitions: 1 }]);
const app = new KafkaStreams(builder.build(), { applicationId: 'stream-log-copy', log });
await app.run({ until: 'caughtUp' });
await log.close();
