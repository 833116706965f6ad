/**
 * The text that is committed beside an offset, in Kafka's format, so that Java could read it: base64 of
 *
 *     int8 version = 2 | int64 partition time | int32 count | (int32 length | name | int64 time)*
 *
 * The list of names (operators with a stream time of their own) is left out when it is empty. Version 1 ends after
 * the partition time.
 */
import { readInt64, writeInt64 } from '../env/bytes.js';

export interface OffsetTimes {
  /** Largest timestamp taken from the partition; -1 before the first. */
  readonly partitionTime: number;
  readonly operatorTimes: ReadonlyMap<string, number>;
}

const VERSION = 2;
const HEAD_BYTES = 9;
const NONE: OffsetTimes = { partitionTime: -1, operatorTimes: new Map() };

export function encodeOffsetMetadata({ partitionTime, operatorTimes }: OffsetTimes): string {
  const names = [...operatorTimes].map(([name, time]) => ({ name: Buffer.from(name), time }));
  const bytes = names.reduce(
    (sum, { name }) => sum + 12 + name.length,
    names.length === 0 ? HEAD_BYTES : HEAD_BYTES + 4,
  );
  const buffer = Buffer.alloc(bytes);
  buffer[0] = VERSION;
  writeInt64(buffer, partitionTime, 1);
  if (names.length > 0) {
    let at = buffer.writeInt32BE(names.length, HEAD_BYTES);
    for (const { name, time } of names) {
      at = buffer.writeInt32BE(name.length, at);
      at += name.copy(buffer, at);
      writeInt64(buffer, time, at);
      at += 8;
    }
  }
  return buffer.toString('base64');
}

/** Text that is not of this format (another program's) says nothing: no times. */
export function decodeOffsetMetadata(metadata: string): OffsetTimes {
  const buffer = Buffer.from(metadata, 'base64');
  const version = buffer[0];
  if (buffer.length < HEAD_BYTES || (version !== 1 && version !== VERSION)) return NONE;
  const operatorTimes = new Map<string, number>();
  if (version === VERSION && buffer.length > HEAD_BYTES + 4) {
    let at = HEAD_BYTES + 4;
    for (let left = buffer.readInt32BE(HEAD_BYTES); left > 0 && at + 12 <= buffer.length; left--) {
      const end = at + 4 + buffer.readInt32BE(at);
      if (end + 8 > buffer.length) break;
      operatorTimes.set(buffer.toString('utf8', at + 4, end), readInt64(buffer, end));
      at = end + 8;
    }
  }
  return { partitionTime: readInt64(buffer, 1), operatorTimes };
}
