/** API.md 7 with the builder of 1. */
import { Serdes, StreamsBuilder } from 'millrace';
import { TopologyTestDriver } from 'millrace/testing';

const builder = new StreamsBuilder();
const counts = builder
  .stream('streams-plaintext-input', { value: Serdes.string() })
  .flatMapValues((line) => line.toLowerCase().split(/\W+/).filter(Boolean))
  .groupBy((_key, word) => word, { key: Serdes.string(), value: Serdes.string() })
  .count({ as: 'counts-store' });
counts.toStream().to('streams-wordcount-output');

const driver = new TopologyTestDriver(builder.build(), { startAt: 0 }); // no I/O, virtual time
const input = driver.createInputTopic('streams-plaintext-input', { value: Serdes.string() });
const output = driver.createOutputTopic('streams-wordcount-output', {
  key: Serdes.string(),
  value: Serdes.long(),
});
await input.pipe({ value: 'hello kafka streams', timestamp: 5 });
console.log(output.readRecords()); // [{ key: 'hello', value: 1, timestamp: 5, headers: [] }, ...]
await driver.advanceWallClock('10s');
if (driver.store(counts).get('kafka') !== 1) throw new Error('kafka was not counted');
await driver.close();
