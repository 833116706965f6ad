/**
 * What the config of a topic asks of a batch before it is appended, and what it does to it. Size and youngest
 * timestamp stand in the header. Records are walked (some 30 ns each) only where a rule cannot be answered without
 * it: for a topic that is compacted (every record has a key), unless the batch was made in this process and its
 * writer saw the keys, and for one that bounds timestamps from below.
 */
import { writeInt64 } from '../../env/bytes.js';
import { StreamsError } from '../../errors.js';
import {
  CRC_START,
  LOG_APPEND_TIME,
  batchAttributes,
  batchBaseOffset,
  batchMaxTimestamp,
} from '../batch-header.js';
import type { CustomCodecs } from '../client.js';
import { crc32c } from '../crc32c.js';
import { RecordCursor } from '../record-cursor.js';
import type { Topic } from './topics.js';

const NO_TIMESTAMP = -1;

export class BatchRules {
  readonly #codecs: CustomCodecs | undefined;
  readonly #cursor = new RecordCursor();

  constructor(codecs: CustomCodecs | undefined) {
    this.#codecs = codecs;
  }

  /**
   * `now` is the clock of the log; `keyed`: whoever made the batch knows that each record has a key. Throws
   * `RECORD_TOO_LARGE`, `INVALID_TIMESTAMP`, `INVALID_RECORD`.
   */
  check(topic: Topic, partition: number, bytes: Buffer, now: number, keyed: boolean): void {
    const { settings } = topic;
    if (bytes.length > settings.maxMessageBytes || bytes.length > settings.segmentBytes)
      throw tooLarge(topic, partition, bytes.length);
    const { timestampAfterMsMax, timestampBeforeMsMax, logAppendTime } = settings;
    const youngest = batchMaxTimestamp(bytes, 0);
    if (!logAppendTime && youngest - now > timestampAfterMsMax)
      throw outOfBounds(topic, partition, youngest, now);
    const bounded = !logAppendTime && timestampBeforeMsMax <= Number.MAX_SAFE_INTEGER;
    if ((settings.compacted && !keyed) || bounded)
      this.#walk(topic, partition, bytes, bounded ? now - timestampBeforeMsMax : NO_TIMESTAMP);
  }

  #walk(topic: Topic, partition: number, bytes: Buffer, oldest: number): void {
    const { compacted } = topic.settings;
    const cursor = this.#cursor;
    const place = { topic: topic.name, partition };
    const codecs = this.#codecs;
    cursor.reset(bytes, 0, codecs === undefined ? place : { ...place, codecs });
    while (cursor.next()) {
      if (compacted && cursor.keyEnd < 0)
        throw keyless(topic, partition, cursor.offset - batchBaseOffset(bytes, 0));
      if (cursor.timestamp < oldest && cursor.timestamp !== NO_TIMESTAMP)
        throw outOfBounds(topic, partition, cursor.timestamp, oldest);
    }
  }
}

/** The log's clock replaces the producer's timestamps; the CRC covers them. */
export function stampAppendTime(bytes: Buffer, now: number): void {
  bytes.writeInt16BE(batchAttributes(bytes, 0) | LOG_APPEND_TIME, 21);
  writeInt64(bytes, now, 35);
  bytes.writeUInt32BE(crc32c(bytes, CRC_START, bytes.length), 17);
}

function tooLarge({ name, settings }: Topic, partition: number, bytes: number): StreamsError {
  const { maxMessageBytes, segmentBytes } = settings;
  const limit =
    bytes > maxMessageBytes
      ? `max.message.bytes (${maxMessageBytes})`
      : `segment.bytes (${segmentBytes})`;
  return new StreamsError(
    'RECORD_TOO_LARGE',
    `A batch of ${bytes} bytes for ${name}-${partition} is larger than the topic's ${limit}. Send less at once or raise it.`,
    { topic: name, partition },
  );
}

function outOfBounds(
  topic: Topic,
  partition: number,
  timestamp: number,
  bound: number,
): StreamsError {
  const { timestampAfterMsMax, timestampBeforeMsMax } = topic.settings;
  const what =
    timestamp > bound
      ? `${timestamp - bound} ms ahead of the log's clock, message.timestamp.after.max.ms is ${timestampAfterMsMax}`
      : `more than message.timestamp.before.max.ms (${timestampBeforeMsMax}) behind the log's clock`;
  return new StreamsError(
    'INVALID_TIMESTAMP',
    `A record for ${topic.name}-${partition} has timestamp ${timestamp}: ${what}. Correct the timestamp, or raise the topic's config.`,
    { topic: topic.name, partition },
  );
}

function keyless({ name }: Topic, partition: number, record: number): StreamsError {
  return new StreamsError(
    'INVALID_RECORD',
    `Record ${record} of a batch for ${name}-${partition} has no key: the topic is compacted, which keeps the last value of each key. Give the record a key; nothing of its batch was appended.`,
    { topic: name, partition },
  );
}
