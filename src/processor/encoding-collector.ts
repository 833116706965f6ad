/**
 * The encoding half of every collector: serializes key and value into two reused buffers and picks the partition
 * as Java does (murmur2 of the key bytes; sticky without a key). Where the bytes go is the business of whoever
 * makes it: the runtime hands in topic writers, the test driver captures. Nothing is allocated per record.
 */
import { StreamsError } from '../errors.js';
import { GrowableByteWriter } from '../serde/byte-writer.js';
import { undefinedRefused } from '../serde/serde-errors.js';
import type { Serde } from '../serde/serde.js';
import { partitionForKey } from '../log/murmur2.js';
import type { EncodedRecord, RecordCollector, StreamPartitioner } from './collector.js';
import type { RecordHeader } from './record.js';

/** One output topic. A `TopicWriter` of the log is one as it stands. */
export interface CollectorOutput {
  readonly partitions: number;
  /** Copies the ranges before it returns; a null array is null. */
  append(
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    headers: readonly RecordHeader[],
  ): void;
}

/** Records without key stay on one partition for about this many bytes: Kafka's default batch size. */
const STICKY_BYTES = 16_384;

/** A topic and where its next record without key goes. */
class Destination {
  readonly output: CollectorOutput;
  partition = 0;
  bytesLeft = STICKY_BYTES;

  constructor(output: CollectorOutput) {
    this.output = output;
  }

  sticky(bytes: number): number {
    if (this.bytesLeft <= 0) {
      this.bytesLeft = STICKY_BYTES;
      this.partition = (this.partition + 1) % this.output.partitions;
    }
    this.bytesLeft -= bytes;
    return this.partition;
  }
}

/** Encodes records and hands them to its outputs; one is shared by all tasks of a producer. */
export class EncodingCollector implements RecordCollector {
  readonly #open: (topic: string) => CollectorOutput;
  readonly #defaultPartitioner: StreamPartitioner | undefined;
  readonly #destinations = new Map<string, Destination>();
  readonly #keys = new GrowableByteWriter(256);
  readonly #values = new GrowableByteWriter(4096);
  #key: Uint8Array | null = null;
  #keyEnd = 0;
  #value: Uint8Array | null = null;
  #valueEnd = 0;

  /** `open` is called once per topic until `forgetOutputs`; it throws `MISSING_SINK_TOPIC`. */
  constructor(open: (topic: string) => CollectorOutput, defaultPartitioner?: StreamPartitioner) {
    this.#open = open;
    this.#defaultPartitioner = defaultPartitioner;
  }

  /** After the producer was replaced: outputs are opened again on their next use. */
  forgetOutputs(): void {
    this.#destinations.clear();
  }

  send<K, V>(
    topic: string,
    key: K,
    value: V,
    timestamp: number,
    headers: readonly RecordHeader[],
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    partitioner: StreamPartitioner<K, V> | undefined,
  ): void {
    const destination = this.#destination(topic);
    this.#encode(topic, key, value, keySerde, valueSerde);
    const chosen = this.#choose(destination, topic, key, value, partitioner);
    if (typeof chosen === 'number') this.#append(destination.output, chosen, timestamp, headers);
    else
      for (const partition of chosen)
        this.#append(destination.output, partition, timestamp, headers);
  }

  encode<K, V>(
    topic: string,
    key: K,
    value: V,
    timestamp: number,
    headers: readonly RecordHeader[],
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    partitioner: StreamPartitioner<K, V> | undefined,
  ): readonly EncodedRecord[] {
    const destination = this.#destination(topic);
    this.#encode(topic, key, value, keySerde, valueSerde);
    const chosen = this.#choose(destination, topic, key, value, partitioner);
    const keyBytes = this.#key === null ? null : Buffer.from(this.#key.subarray(0, this.#keyEnd));
    const valueBytes =
      this.#value === null ? null : Buffer.from(this.#value.subarray(0, this.#valueEnd));
    return (typeof chosen === 'number' ? [chosen] : chosen).map((partition) => ({
      topic,
      partition,
      key: keyBytes,
      value: valueBytes,
      timestamp,
      headers: headers.slice(),
    }));
  }

  sendBytes(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void {
    const { output } = this.#destination(topic);
    output.append(
      partition,
      timestamp,
      key,
      0,
      key === null ? 0 : key.length,
      value,
      0,
      value === null ? 0 : value.length,
      headers,
    );
  }

  #destination(topic: string): Destination {
    const known = this.#destinations.get(topic);
    if (known !== undefined) return known;
    const opened = new Destination(this.#open(topic));
    this.#destinations.set(topic, opened);
    return opened;
  }

  #append(
    output: CollectorOutput,
    partition: number,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void {
    output.append(
      partition,
      timestamp,
      this.#key,
      0,
      this.#keyEnd,
      this.#value,
      0,
      this.#valueEnd,
      headers,
    );
  }

  #encode<K, V>(topic: string, key: K, value: V, keySerde: Serde<K>, valueSerde: Serde<V>): void {
    if (key === null || key === undefined) {
      if (key === undefined) throw undefinedRefused('key', { topic });
      this.#key = null;
      this.#keyEnd = 0;
    } else if (keySerde.write === undefined) {
      const bytes = serialized(keySerde, key, topic, 'key');
      this.#key = bytes;
      this.#keyEnd = bytes.length;
    } else {
      const writer = this.#keys;
      written(keySerde, key, writer, topic, 'key');
      this.#key = writer.buffer;
      this.#keyEnd = writer.length;
    }
    if (value === null || value === undefined) {
      if (value === undefined) throw undefinedRefused('value', { topic });
      this.#value = null;
      this.#valueEnd = 0;
    } else if (valueSerde.write === undefined) {
      const bytes = serialized(valueSerde, value, topic, 'value');
      this.#value = bytes;
      this.#valueEnd = bytes.length;
    } else {
      const writer = this.#values;
      written(valueSerde, value, writer, topic, 'value');
      this.#value = writer.buffer;
      this.#valueEnd = writer.length;
    }
  }

  #choose<K, V>(
    destination: Destination,
    topic: string,
    key: K,
    value: V,
    partitioner: StreamPartitioner<K, V> | undefined,
  ): number | readonly number[] {
    const partitions = destination.output.partitions;
    const chooser = partitioner ?? this.#defaultPartitioner;
    if (chooser !== undefined) {
      const chosen = (chooser as StreamPartitioner<K, V>)(topic, key, value, partitions);
      if (chosen !== undefined) return checkedPartitions(chosen, topic, partitions);
    }
    if (partitions === 1) return 0;
    if (this.#key === null) return destination.sticky(this.#valueEnd);
    return partitionForKey(this.#key, 0, this.#keyEnd, partitions);
  }
}

function written<T>(
  serde: Serde<T>,
  data: T,
  writer: GrowableByteWriter,
  topic: string,
  part: string,
): void {
  writer.reset();
  try {
    serde.write!(data, writer); // the caller checked that it is there
  } catch (error) {
    throw serializeFailure(error, serde, topic, part);
  }
}

function serialized<T>(serde: Serde<T>, data: T, topic: string, part: string): Uint8Array {
  try {
    return serde.serialize(data, topic);
  } catch (error) {
    throw serializeFailure(error, serde, topic, part);
  }
}

function serializeFailure<T>(
  cause: unknown,
  serde: Serde<T>,
  topic: string,
  part: string,
): StreamsError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const name = serde.name === undefined ? '' : ` with serde ${serde.name}`;
  return new StreamsError(
    'SERIALIZE_FAILED',
    `Error encountered serializing the ${part} for topic ${topic}${name}: ${reason}`,
    {
      cause,
      topic,
    },
  );
}

function checkedPartitions(
  chosen: number | readonly number[],
  topic: string,
  partitions: number,
): number | readonly number[] {
  for (const partition of typeof chosen === 'number' ? [chosen] : chosen) {
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      throw new StreamsError(
        'UNKNOWN_PARTITION',
        `The partitioner chose partition ${partition} of topic ${topic}, which has the partitions 0 to ${partitions - 1}.`,
        { topic },
      );
    }
  }
  return chosen;
}
