/** Prints what a file of a log holds in the words of Kafka's DumpLogSegments; journal groups, which Kafka has not, alike. */
import type { DumpedBatch, DumpedEntry, DumpedGroup, DumpedRecord } from './segment-dump.js';

/**
 * The lines of one dumped entry, without ends. `printData` also prints keys and values, as UTF-8.
 *
 * @example
 * ```ts
 * import { dumpLines, dumpSegment } from 'millrace';
 *
 * for await (const entry of dumpSegment('./data/order-0/00000000000000000000.log', { records: true }))
 *   console.log(dumpLines(entry, { printData: true }).join('\n'));
 * ```
 */
export function dumpLines(
  entry: DumpedEntry,
  options: { readonly printData?: boolean } = {},
): string[] {
  switch (entry.kind) {
    case 'batch':
      return [
        batchLine(entry),
        ...entry.records.map((record) => recordLine(entry, record, options.printData === true)),
      ];
    case 'offset-entry':
      return [`offset: ${entry.offset} position: ${entry.position}`];
    case 'time-entry':
      return [`timestamp: ${entry.timestamp} offset: ${entry.offset}`];
    case 'group':
      return groupLines(entry);
    case 'damage':
      return [`DAMAGED at position: ${entry.position}: ${entry.what}`];
  }
}

function batchLine(batch: DumpedBatch): string {
  const horizon =
    batch.deleteHorizonMs === undefined
      ? 'OptionalLong.empty'
      : `OptionalLong[${batch.deleteHorizonMs}]`;
  return (
    `baseOffset: ${batch.baseOffset} lastOffset: ${batch.lastOffset} count: ${batch.count} ` +
    `baseSequence: ${batch.baseSequence} lastSequence: ${batch.lastSequence} ` +
    `producerId: ${batch.producerId} producerEpoch: ${batch.producerEpoch} ` +
    `partitionLeaderEpoch: ${batch.partitionLeaderEpoch} isTransactional: ${batch.isTransactional} ` +
    `isControl: ${batch.isControl} deleteHorizonMs: ${horizon} position: ${batch.position} ` +
    `${batch.timestampType}: ${batch.maxTimestamp} size: ${batch.size} magic: 2 ` +
    `compresscodec: ${batch.compression} crc: ${batch.crc} isvalid: ${batch.isValid}` +
    (batch.damage === undefined ? '' : ` (${batch.damage})`)
  );
}

function recordLine(batch: DumpedBatch, record: DumpedRecord, printData: boolean): string {
  const { key, value, marker, headers } = record;
  const line =
    `| offset: ${record.offset} ${batch.timestampType}: ${record.timestamp} ` +
    `keySize: ${key?.length ?? -1} valueSize: ${value?.length ?? -1} sequence: ${record.sequence} ` +
    `headerKeys: [${headers.map((header) => header.key).join(',')}]`;
  if (marker !== undefined)
    return `${line} endTxnMarker: ${marker.type} coordinatorEpoch: ${marker.coordinatorEpoch}`;
  if (!printData) return line;
  const shownKey = key === null ? '' : ` key: ${key.toString('utf8')}`;
  const shownValue = value === null ? '' : ` payload: ${value.toString('utf8')}`;
  return line + shownKey + shownValue;
}

function groupLines(group: DumpedGroup): string[] {
  return [
    `sequence: ${group.sequence} position: ${group.position} size: ${group.size} entries: ${group.entries.length} batches: ${group.batches.length}`,
    ...group.entries.map((entry) => `| ${entry.type}: ${JSON.stringify(entry)}`),
    ...group.batches.map(
      (batch) =>
        `| batch: topicId: ${batch.topicId} partition: ${batch.partition} baseOffset: ${batch.baseOffset} lastOffset: ${batch.lastOffset} size: ${batch.bytes}`,
    ),
  ];
}
