/**
 * One task's way to the producer all tasks share: encodes into the producer's open batches and applies the
 * `produce` policy to records that cannot be encoded or appended. Topics are looked up once. Failures that only
 * the log can see (fenced, closed) are never given to a policy.
 */
import { StreamsError, type ErrorCode } from '../errors.js';
import type { LogProducer, TopicWriter } from '../log/client.js';
import type { EncodedRecord, RecordCollector, StreamPartitioner } from '../processor/collector.js';
import { EncodingCollector } from '../processor/encoding-collector.js';
import {
  type ErrorDecision,
  type ErrorPolicy,
  type FailedRecord,
  decide,
  deadLetterHeaders,
  isDecision,
} from '../processor/error-policy.js';
import type { RecordHeader } from '../processor/record.js';
import type { Serde } from '../serde/serde.js';
import { didYouMean } from '../nearest-name.js';

/** What a policy may decide about: the record is at fault, the log is well. */
const RECORD_FAILURES: ReadonlySet<ErrorCode> = new Set([
  'SERIALIZE_FAILED',
  'RECORD_TOO_LARGE',
  'UNKNOWN_PARTITION',
  'INVALID_TIMESTAMP',
]);

/** The writers of one producer, shared by the collectors of all tasks. */
export class TopicWriters {
  readonly #producer: LogProducer;
  readonly #knownTopics: () => Iterable<string>;
  readonly #writers = new Map<string, TopicWriter>();

  constructor(producer: LogProducer, knownTopics: () => Iterable<string>) {
    this.#producer = producer;
    this.#knownTopics = knownTopics;
  }

  /** Throws `MISSING_SINK_TOPIC` naming the nearest topic. */
  open(topic: string): TopicWriter {
    const known = this.#writers.get(topic);
    if (known !== undefined) return known;
    const writer = this.#lookUp(topic);
    this.#writers.set(topic, writer);
    return writer;
  }

  #lookUp(topic: string): TopicWriter {
    try {
      return this.#producer.topic(topic);
    } catch (error) {
      if (!(error instanceof StreamsError) || error.code !== 'UNKNOWN_TOPIC') throw error;
      throw new StreamsError(
        'MISSING_SINK_TOPIC',
        `Sink topic '${topic}' does not exist.${didYouMean(topic, this.#knownTopics())} Topics chosen per record are not created on the way; create it with \`await log.admin().createTopics([{ topic: '${topic}', partitions: 1 }])\`.`,
        { cause: error, topic },
      );
    }
  }
}

export interface ProducerCollectorParts {
  readonly writers: TopicWriters;
  readonly partitioner: StreamPartitioner | undefined;
  readonly onProduceError: ErrorPolicy;
  /** No policy may leave out a changelog record: the store would come back different. */
  readonly changelogTopics: ReadonlySet<string>;
  /** The input record that is being processed, for dead letters. */
  source(): FailedRecord | undefined;
  /** A record was left out by the policy. */
  dropped(): void;
}

export class ProducerCollector implements RecordCollector {
  readonly #parts: ProducerCollectorParts;
  readonly #encoding: EncodingCollector;

  constructor(parts: ProducerCollectorParts) {
    this.#parts = parts;
    this.#encoding = new EncodingCollector((topic) => parts.writers.open(topic), parts.partitioner);
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
    try {
      this.#encoding.send(topic, key, value, timestamp, headers, keySerde, valueSerde, partitioner);
    } catch (error) {
      this.#applyPolicy(error, topic);
    }
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
    try {
      return this.#encoding.encode(
        topic,
        key,
        value,
        timestamp,
        headers,
        keySerde,
        valueSerde,
        partitioner,
      );
    } catch (error) {
      this.#applyPolicy(error, topic);
      return [];
    }
  }

  sendBytes(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void {
    try {
      this.#encoding.sendBytes(topic, partition, key, value, timestamp, headers);
    } catch (error) {
      this.#applyPolicy(error, topic);
    }
  }

  #applyPolicy(error: unknown, topic: string): void {
    if (!(error instanceof StreamsError) || !RECORD_FAILURES.has(error.code)) throw error;
    const source = this.#parts.source();
    const failure = produceFailed(error, topic);
    const decision = this.#parts.changelogTopics.has(topic)
      ? 'fail'
      : this.#decide(failure, source);
    if (decision === 'fail') throw failure;
    this.#parts.dropped();
    if (decision === 'continue') return;
    const { deadLetter } = decision;
    const partition =
      Math.max(0, source?.partition ?? 0) % this.#parts.writers.open(deadLetter).partitions;
    this.#encoding.sendBytes(
      deadLetter,
      partition,
      source?.key ?? null,
      source?.value ?? null,
      source?.timestamp ?? 0,
      deadLetterHeaders(failure, source),
    );
  }

  /** A policy that throws, or answers with something else than a decision, fails the task like no policy. */
  #decide(failure: StreamsError, source: FailedRecord | undefined): ErrorDecision {
    let answer: unknown;
    try {
      answer = decide(this.#parts.onProduceError, failure, source);
    } catch (cause) {
      const message = `Fatal user code error in the error policy, which was asked about: ${failure.message}`;
      throw new StreamsError('PRODUCE_FAILED', message, { ...failure.where, cause });
    }
    if (isDecision(answer)) return answer;
    throw new StreamsError(
      'PRODUCE_FAILED',
      `The error policy answered ${String(answer)} instead of 'fail', 'continue' or deadLetter(topic) when it was asked about: ${failure.message}`,
      { ...failure.where, cause: failure },
    );
  }
}

/** Says it once: what names the topic already needs no introduction, and the serde's own error is the cause. */
function produceFailed(error: StreamsError, topic: string): StreamsError {
  const serializing = error.code === 'SERIALIZE_FAILED';
  return new StreamsError(
    'PRODUCE_FAILED',
    serializing
      ? error.message
      : `A record could not be written to topic ${topic}: ${error.message}`,
    { ...error.where, topic, cause: serializing ? (error.cause ?? error) : error },
  );
}
