/** `millrace log stats`: how large a log is, from its journal alone. */
import { logStats, type LogStats } from '../../log/inspect/inspect.js';
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import type { CommandIo } from '../command-io.js';
import { counted } from '../counted.js';
import { table } from '../terminal/table.js';

export const logStatistics = defineCommand({
  words: ['log', 'stats'],
  summary: 'print topics, segments and bytes of a log',
  notes: [
    'RECORDS counts offsets from start to end: what markers and compaction took is among them.',
  ],
  args: [
    { name: 'directory', summary: 'directory of the log; default: that of --log', optional: true },
  ],
  options: { ...JSON_OPTION, ...LOG_OPTIONS },
  json: '{ directory, logId, cleanShutdown, topics: [{ topic, topicId, config, partitions: [{ partition, startOffset, endOffset, segments, bytes, recordsMax }], segments, bytes, recordsMax }], partitions, segments, bytes, recordsMax, journalFiles, journalBytes, groups: [{ groupId, partitions }], transactionalIds }',
  async run({ args, options }, io) {
    const stats = await logStats(args.directory ?? options.log, { env: io.env });
    if (options.json) await io.out.write(`${JSON.stringify(stats)}\n`);
    else await print(stats, io);
    return 0;
  },
});

async function print(stats: LogStats, io: CommandIo): Promise<void> {
  const rows = stats.topics.map(({ topic, partitions, segments, bytes, recordsMax }) => [
    topic,
    String(partitions.length),
    String(segments),
    String(recordsMax),
    String(bytes),
  ]);
  if (rows.length > 0)
    await io.out.write(
      table(['TOPIC', 'PARTITIONS', 'SEGMENTS', 'RECORDS', 'BYTES'], rows, io.out),
    );
  const { journalFiles, journalBytes, groups, transactionalIds, bytes } = stats;
  await io.out.write(
    `${counted(stats.topics.length, 'topic')}, ${counted(stats.partitions, 'partition')}, ` +
      `${counted(stats.segments, 'segment')}, ${counted(bytes, 'byte')}.\n` +
      `Journal: ${counted(journalFiles, 'file')}, ${counted(journalBytes, 'byte')}. ` +
      `${counted(groups.length, 'group')}, ${counted(transactionalIds, 'transactional id')}.\n`,
  );
  if (!stats.cleanShutdown)
    await io.out.write('It was not closed properly; the next open puts that in order.\n');
}
