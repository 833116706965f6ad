/** An application that compresses what it sends: outputs, repartition topics and changelogs. */
import { expect, it } from 'vitest';
import type { CompressionType } from '../../src/log/client.js';
import { batchCompression } from '../../src/log/compression/batch.js';
import type { LogEngine } from '../../src/log/engine/engine.js';
import {
  count,
  createTopics,
  lastCounts,
  naiveCounts,
  newLog,
  produce,
  read,
  runToEnd,
  wordCount,
} from './harness.js';

const LINES = Array.from({ length: 400 }, (_, i) => `word${i % 17} of ${i % 5} words`);

const stored = (engine: LogEngine, name: string): (CompressionType | undefined)[] => {
  const [partition] = engine.broker.topics.get(name).partitions;
  const ranges = partition?.read(0, partition.endOffset, Number.MAX_SAFE_INTEGER) ?? [];
  const codecs = ranges.map(({ bytes, start }) => batchCompression(bytes, start));
  // Markers are never compressed.
  return [...new Set(codecs)].filter((codec) => codec !== 'none');
};

it.each(['gzip', 'snappy', 'lz4'] as const)(
  'an application that sends %s reads its repartition topic and restores its stores',
  async (compression) => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const options = { applicationId: 'app', log, compression };
    await produce(log, 'lines', LINES);
    await runToEnd(wordCount(), options);
    await produce(log, 'lines', LINES);
    await runToEnd(wordCount(), options);
    expect(lastCounts(await read(log, 'out', count))).toEqual(naiveCounts([...LINES, ...LINES]));
    const topics = await log.admin().listTopics();
    expect(topics.length).toBeGreaterThan(3);
    for (const topic of topics.filter((name) => name !== 'lines'))
      expect([topic, stored(log as LogEngine, topic)]).toEqual([topic, [compression]]);
    await log.close();
  },
);
