/** A batch between the broker and the device: who is told what when its fate is known. */
import type { StreamsError } from '../../errors.js';
import type { AppendCallback } from '../client.js';
import type { DurableWaiter } from './durability.js';
import type { OpenBatch } from './topic-writer.js';

/** The producer of the batch. */
export interface BatchSender {
  /** The batch is durable, or may be lost. */
  settled(batch: SentBatch, error: StreamsError | undefined): void;
  tell(callback: AppendCallback, error: StreamsError | undefined, offset: number): void;
  tellBatch(topic: string, partition: number, baseOffset: number, lastOffset: number): void;
}

/** A batch on its way to the device. */
export class SentBatch implements DurableWaiter {
  readonly bytes: number;
  readonly #producer: BatchSender;
  readonly #topic: string;
  readonly #partition: number;
  readonly #baseOffset: number;
  readonly #lastOffset: number;
  readonly #callbacks: readonly (AppendCallback | undefined)[] | undefined;

  constructor(
    producer: BatchSender,
    batch: OpenBatch,
    baseOffset: number,
    lastOffset: number,
    bytes: number,
    callbacks: (AppendCallback | undefined)[] | undefined,
  ) {
    this.bytes = bytes;
    this.#producer = producer;
    this.#topic = batch.topic.name;
    this.#partition = batch.partition;
    this.#baseOffset = baseOffset;
    this.#lastOffset = lastOffset;
    this.#callbacks = callbacks;
  }

  durable(error: StreamsError | undefined): void {
    this.#producer.settled(this, error);
  }

  acknowledge(error: StreamsError | undefined): void {
    if (error === undefined)
      this.#producer.tellBatch(this.#topic, this.#partition, this.#baseOffset, this.#lastOffset);
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    for (let i = 0; i < callbacks.length; i++) {
      const callback = callbacks[i];
      if (callback !== undefined)
        this.#producer.tell(callback, error, error === undefined ? this.#baseOffset + i : -1);
    }
  }
}
