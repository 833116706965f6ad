/**
 * wordcount: counts the words of a text file on a durable log in ./data. Kill it at any moment (kill -9 too), start it
 * again with the same file: it goes on where it was, and every count is exact. Ctrl-C closes it gracefully.
 *
 *     npm run wordcount [FILE]
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { KafkaStreams, Serdes, StreamsBuilder, openLog } from 'millrace';

// What to compute: lines -> words -> one count per word.
const builder = new StreamsBuilder();
let words = 0;
const counts = builder
  .stream('streams-plaintext-input', { value: Serdes.string() })
  .flatMapValues((line) => line.toLowerCase().split(/\W+/).filter(Boolean))
  .peek(() => words++) // only for the progress line below
  .groupBy((_key, word) => word, { key: Serdes.string(), value: Serdes.string() })
  .count({ as: 'counts-store' });
counts.toStream().to('streams-wordcount-output');

// Where it runs: a log in this process, one directory per text. Every acknowledged record is on the disk.
const file = process.argv[2] ?? 'examples/text/kjv.txt.gz';
const bytes = readFileSync(file);
const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
const lines = text.trimEnd().split('\n');
const partitions = 3;
const log = await openLog(`data/wordcount/${basename(file)}`);
const admin = log.admin();
await admin.createTopics([{ topic: 'streams-plaintext-input', partitions }], { ifNotExists: true });

const status = (message: string) => process.stderr.write(`${message}\n`);
status(`${basename(file)}: ${lines.length.toLocaleString('en')} lines; log and state in ./data`);

// Load the file. Line i is record i/3 of partition i%3, so the ends of the partitions say what is loaded already.
const producer = log.producer({ value: Serdes.string() });
for (const { partition, offset } of await admin.listOffsets('streams-plaintext-input', 'latest')) {
  const records = lines
    .filter((_line, i) => i % partitions === partition)
    .map((value) => ({ value, partition }));
  for (let from = offset; from < records.length; from += 5000) {
    await producer.sendBatch('streams-plaintext-input', records.slice(from, from + 5000));
  }
}
await producer.close();

// Count until everything is counted and committed.
const options = { applicationId: 'streams-wordcount', log };
const startedAt = performance.now();
const progress = () => {
  const perSecond = Math.round((words / (performance.now() - startedAt)) * 1000);
  status(`${words.toLocaleString('en')} words counted (${perSecond.toLocaleString('en')}/s)`);
};
const ticking = setInterval(progress, 500);
await new KafkaStreams(builder.build(), options).run({ until: 'caughtUp' });
clearInterval(ticking);
progress();

// Ask the store: a starting application restores it from its changelog.
const app = new KafkaStreams(builder.build(), options);
await app.start();
const all: [string, number][] = [];
for await (const entry of app.store(counts).all()) all.push(entry);
await app.close();
await log.close();

const top = all.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 10);
for (const [word, count] of top) console.log(`${word.padEnd(12)} ${String(count).padStart(7)}`);
