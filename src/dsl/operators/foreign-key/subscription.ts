/**
 * What the two sides of a foreign-key join tell each other through topics, in Java's bytes.
 *
 *     left --- subscription, by foreign key ---> right --- response, by primary key ---> left
 *
 *     subscription   1 bit no hash, 7 bits version 1 | instruction | 16 bytes hash | primary key | int32 partition
 *     response       1 bit no hash, 7 bits version 0 | 16 bytes hash | value of the right row
 *
 * The hash is that of the left row's value: a response to a row that is no longer there is recognised by it.
 */
import { StreamsError } from '../../../errors.js';
import { composedSerde, deserializeFrom, serializeTo } from '../../../serde/define-serde.js';
import type { Serde } from '../../../serde/serde.js';

/** Kafka's instructions, in the order of their numbers. */
export const DELETE_KEY_NO_PROPAGATE = 0;
export const DELETE_KEY_AND_PROPAGATE = 1;
export const PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE = 2;
export const PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE = 3;

export interface SubscriptionWrapper<K> {
  /** Null: the left row was deleted. */
  readonly hash: Buffer | null;
  readonly instruction: number;
  readonly primaryKey: K;
  /** Partition of the left row: the response goes there. Undefined in what version 0 wrote. */
  readonly primaryPartition: number | undefined;
}

export interface SubscriptionResponse<V> {
  readonly hash: Buffer | null;
  readonly foreignValue: V | null;
  /** Not in the bytes: it only chooses the partition. */
  readonly primaryPartition: number | undefined;
}

const NO_HASH = 0x80;
const HASH_BYTES = 16;
const SUBSCRIPTION_VERSION = 1;
const RESPONSE_VERSION = 0;

export function subscriptionSerde<K>(primaryKey: Serde<K>): Serde<SubscriptionWrapper<K>> {
  const name = `subscription(${primaryKey.name ?? 'custom'})`;
  return composedSerde<SubscriptionWrapper<K>, K>(name, primaryKey, {
    encode(subscription, topic, writer) {
      const { hash, instruction, primaryPartition } = subscription;
      writer.uint8(hash === null ? SUBSCRIPTION_VERSION | NO_HASH : SUBSCRIPTION_VERSION);
      writer.uint8(instruction);
      if (hash !== null) writer.bytes(hash);
      serializeTo(primaryKey, subscription.primaryKey, topic, writer);
      writer.int32(primaryPartition ?? 0);
    },
    decode(buffer, start, end, topic) {
      const version = buffer[start]! & 0x7f;
      if (version > SUBSCRIPTION_VERSION) throw unknownVersion('subscription', version);
      const hashed = (buffer[start]! & NO_HASH) === 0;
      const keyStart = start + 2 + (hashed ? HASH_BYTES : 0);
      const keyEnd = end - (version === 0 ? 0 : 4);
      if (keyEnd < keyStart) throw tooShort('subscription', end - start);
      return {
        hash: hashed ? Buffer.from(buffer.subarray(start + 2, keyStart)) : null,
        instruction: buffer[start + 1]!,
        primaryKey: deserializeFrom(primaryKey, buffer, keyStart, keyEnd, topic),
        primaryPartition: version === 0 ? undefined : buffer.readInt32BE(keyEnd),
      };
    },
  });
}

export function responseSerde<V>(value: Serde<V>): Serde<SubscriptionResponse<V>> {
  const name = `response(${value.name ?? 'custom'})`;
  return composedSerde<SubscriptionResponse<V>, V>(name, value, {
    encode({ hash, foreignValue }, topic, writer) {
      writer.uint8(hash === null ? RESPONSE_VERSION | NO_HASH : RESPONSE_VERSION);
      if (hash !== null) writer.bytes(hash);
      if (foreignValue !== null) serializeTo(value, foreignValue, topic, writer);
    },
    decode(buffer, start, end, topic) {
      const version = buffer[start]! & 0x7f;
      if (version !== RESPONSE_VERSION) throw unknownVersion('response', version);
      const hashed = (buffer[start]! & NO_HASH) === 0;
      const valueStart = start + 1 + (hashed ? HASH_BYTES : 0);
      if (end < valueStart) throw tooShort('response', end - start);
      return {
        hash: hashed ? Buffer.from(buffer.subarray(start + 1, valueStart)) : null,
        // As in Kafka a value of no bytes cannot be told from none.
        foreignValue:
          end > valueStart ? deserializeFrom(value, buffer, valueStart, end, topic) : null,
        primaryPartition: undefined,
      };
    },
  });
}

function unknownVersion(what: string, version: number): StreamsError {
  return new StreamsError(
    'DESERIALIZE_FAILED',
    `A foreign-key ${what} of version ${version} was written by a newer program. Use that version here as well.`,
  );
}

function tooShort(what: string, bytes: number): StreamsError {
  return new StreamsError(
    'DESERIALIZE_FAILED',
    `${bytes} bytes are too short for a foreign-key ${what}. Was the internal topic written by something else?`,
  );
}
