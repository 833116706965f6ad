/** `millrace log check`: every byte of a log's directory verified, nothing changed. */
import { checkLog, type LogCheckReport, type LogFinding } from '../../log/inspect/inspect.js';
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import type { CommandIo } from '../command-io.js';
import { counted } from '../counted.js';
import { percent, Progress } from '../terminal/progress.js';
import { styleOf, type Style } from '../terminal/style.js';

export const checkLogDirectory = defineCommand({
  words: ['log', 'check'],
  summary: "verify every byte of a log's directory",
  notes: [
    'Nothing is changed, and no process may have the log open. Exit code 1 when something acknowledged is lost or wrong.',
  ],
  args: [
    { name: 'directory', summary: 'directory of the log; default: that of --log', optional: true },
  ],
  options: { ...JSON_OPTION, ...LOG_OPTIONS },
  json: '{ directory, ok, logId, cleanShutdown, tornBytes, findings: [{ severity, kind, file, position, topic, partition, offset, what, advice }], findingsLeftOut, errors, warnings, totals }',
  async run({ args, options }, io) {
    const progress = new Progress(io);
    let report: LogCheckReport;
    try {
      report = await checkLog(args.directory ?? options.log, {
        env: io.env,
        onProgress: ({ bytes, bytesTotal, file }) =>
          progress.show(() => `${percent(bytes, bytesTotal)} ${file}`),
      });
    } finally {
      progress.done();
    }
    if (options.json) await io.out.write(`${JSON.stringify(report)}\n`);
    else await print(report, io);
    return report.ok ? 0 : 1;
  },
});

async function print(report: LogCheckReport, io: CommandIo): Promise<void> {
  const style = styleOf(io.out);
  const { totals, errors, warnings, findingsLeftOut } = report;
  for (const finding of report.findings) await io.out.write(findingText(finding, style));
  if (findingsLeftOut > 0) await io.out.write(`... and ${findingsLeftOut} more.\n`);
  const read = [
    counted(totals.topics, 'topic'),
    counted(totals.partitions, 'partition'),
    counted(totals.segments, 'segment'),
    counted(totals.records, 'record'),
    counted(totals.bytes, 'byte'),
  ].join(', ');
  await io.out.write(`Read ${read}.\n`);
  if (!report.cleanShutdown)
    await io.out.write('It was not closed properly; the next open puts that in order.\n');
  await io.out.write(
    report.ok
      ? `${style.good('ok')}${warnings > 0 ? `, with ${counted(warnings, 'warning')}` : ''}\n`
      : `${style.error('damaged')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}\n`,
  );
}

function findingText({ severity, file, position, what, advice }: LogFinding, style: Style): string {
  const mark = severity === 'error' ? style.error : style.warning;
  const place = position === undefined ? file : `${file}, byte ${position}`;
  return `${mark(severity)} ${place}: ${what}\n  ${advice}\n`;
}
