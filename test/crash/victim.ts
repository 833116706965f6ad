/**
 * The child that is killed: word count on a durable log, and a producer that feeds it and writes down each
 * acknowledgement. Started as `victim.js DIRECTORY SEED LINES [--finish]`; with `--finish` it is left alone, counts
 * everything and exits.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaStreams, Serdes, openLog, type Log } from 'millrace';
import { APPLICATION, INPUT, linesOf, PARTITIONS, wordCount } from './plan.js';

const [directory = '', seed = '1', count = '0', finish] = process.argv.slice(2);
const lines = linesOf(Number(seed), Number(count));
/** Lines per acknowledged batch and partition: small, so that a run has many moments to be killed in. */
const CHUNK = finish === undefined ? 8 : 1000;

/** Goes on at the end of the partition; `line offset` is written down when, and only when, the log acknowledged it. */
async function feed(log: Log, partition: number, from: number): Promise<void> {
  const producer = log.producer({ value: Serdes.string() });
  const own = lines.filter((_, i) => i % PARTITIONS === partition);
  for (let next = from; next < own.length; next += CHUNK) {
    const chunk = own.slice(next, next + CHUNK);
    const results = await producer.sendBatch(
      INPUT,
      chunk.map((value) => ({ value, partition })),
    );
    const acknowledged = results.map(({ offset }) => `${partition} ${offset}\n`);
    appendFileSync(join(directory, 'acknowledged'), acknowledged.join(''));
  }
  await producer.close();
}

const log = await openLog(join(directory, 'log'));
await log.admin().createTopics([{ topic: INPUT, partitions: PARTITIONS }], { ifNotExists: true });
const ends = await log.admin().listOffsets(INPUT, 'latest');
const feeding = () =>
  Promise.all(ends.map(({ partition, offset }) => feed(log, partition, offset)));

const app = new KafkaStreams(wordCount().builder.build(), {
  applicationId: APPLICATION,
  log,
  statestoreCacheMaxBytes: 0,
});
if (finish === undefined) {
  await app.start();
  process.stdout.write('running\n');
  await feeding();
  process.stdout.write('fed\n');
} else {
  await feeding();
  await app.run({ until: 'caughtUp' });
  await log.close();
}
