/**
 * The sender that a transaction's function gets: the producer's own way to send, for as long as the function runs.
 */
import { StreamsError } from '../errors.js';
import type { ConsumerGroupMetadata, LogProducer, PartitionOffsetAndMetadata } from './client.js';
import type { BatchRecord, ProducerRecord, SentRecord, Transaction } from './producer.js';

/** How the producer sends when it does not ask whether a transaction is open. */
export interface TransactionSender<K, V> {
  sendNow(record: ProducerRecord<K, V>): Promise<SentRecord>;
  sendBatchNow(topic: string, records: readonly BatchRecord<K, V>[]): Promise<SentRecord[]>;
}

/** Refuses everything once the function ended. */
export class OpenTransaction<K, V> implements Transaction<K, V> {
  readonly #sender: TransactionSender<K, V>;
  readonly #producer: LogProducer;
  #open = true;

  constructor(sender: TransactionSender<K, V>, producer: LogProducer) {
    this.#sender = sender;
    this.#producer = producer;
  }

  end(): void {
    this.#open = false;
  }

  async send(record: ProducerRecord<K, V>): Promise<SentRecord> {
    this.#checkOpen();
    return this.#sender.sendNow(record);
  }

  async sendBatch(topic: string, records: readonly BatchRecord<K, V>[]): Promise<SentRecord[]> {
    this.#checkOpen();
    return this.#sender.sendBatchNow(topic, records);
  }

  sendOffsets(offsets: readonly PartitionOffsetAndMetadata[], group: ConsumerGroupMetadata): void {
    this.#checkOpen();
    this.#producer.sendOffsets(offsets, group);
  }

  #checkOpen(): void {
    if (!this.#open)
      throw transactionStateError('This transaction has ended. Send and wait inside its function.');
  }
}

export function transactionStateError(message: string): StreamsError {
  return new StreamsError('INVALID_TRANSACTION_STATE', message);
}
