/**
 * Keys and values of one store as they are kept and as they are logged. Keys of some serdes stand in a Map as they
 * are, others as their bytes in text. Decoded values are kept only for serdes that are immutable; all others are kept
 * as bytes and every read decodes afresh, so that user code which changes a value in place cannot rewrite committed
 * state. Errors name the store.
 */
import { asBuffer, copyOf, readLatin1 } from '../env/bytes.js';
import { StreamsError } from '../errors.js';
import { serializeTo } from '../serde/define-serde.js';
import type { ByteWriter, Serde } from '../serde/serde.js';
import { ScratchBytes } from './scratch-bytes.js';

/** Serdes whose keys can stand in a Map as they are: one key has one encoding, and one value equal to itself. */
const KEYS_BY_VALUE = new Set(['string', 'integer', 'long', 'short', 'bigint', 'boolean']);

/** What values of these serdes are. */
const PLAIN = new Map<string, 'string' | 'number'>([
  ['string', 'string'],
  ['long', 'number'],
]);

export class StoreCodec<K, V> {
  readonly store: string;
  /** The id of a key is the key. */
  readonly keysByValue: boolean;
  /** Values are kept decoded. */
  readonly decoded: boolean;
  readonly #keySerde: Serde<K>;
  readonly #valueSerde: Serde<V>;
  readonly #plain: 'string' | 'number' | undefined;
  readonly #keys = new ScratchBytes();
  readonly #values = new ScratchBytes();

  constructor(store: string, key: Serde<K>, value: Serde<V>) {
    this.store = store;
    this.#keySerde = key;
    this.#valueSerde = value;
    this.keysByValue = key.immutable === true && KEYS_BY_VALUE.has(key.name ?? '');
    this.decoded = value.immutable === true;
    this.#plain = PLAIN.get(value.name ?? '');
  }

  /** What the rows of the key are found by. */
  id(key: K): unknown {
    if (key === null || key === undefined) throw this.#nullKey();
    return this.keysByValue ? key : latin1(this.keyBytes(key));
  }

  idOf(bytes: Uint8Array): unknown {
    return this.keysByValue ? this.#keySerde.deserialize(bytes, this.store) : latin1(bytes);
  }

  /** The bytes to keep beside the id, where it is not the key itself. */
  bytesBeside(key: K): Buffer | undefined {
    return this.keysByValue ? undefined : copyOf(this.keyBytes(key));
  }

  key(id: unknown, keyBytes: Buffer | undefined): K {
    return this.keysByValue
      ? (id as K) // ids are keys
      : this.#keySerde.deserialize(copyOf(keyBytes!), this.store);
  }

  /** Valid until the next call. */
  keyBytes(key: K): Uint8Array {
    try {
      return this.#keys.serialize(this.#keySerde, key, this.store);
    } catch (error) {
      throw this.#serializeFailed('key', error);
    }
  }

  /** Appends the bytes of the key. */
  writeKey(key: K, writer: ByteWriter): void {
    try {
      serializeTo(this.#keySerde, key, this.store, writer);
    } catch (error) {
      throw this.#serializeFailed('key', error);
    }
  }

  /** Bytes of a bound of a range; `undefined` is an open end. */
  bound(key: K | undefined): Buffer | undefined {
    return key === undefined || key === null ? undefined : copyOf(this.keyBytes(key));
  }

  requireKey(key: K): void {
    if (key === null || key === undefined) throw this.#nullKey();
  }

  /** The value as it is kept. */
  stored(value: V): unknown {
    return this.decoded ? value : copyOf(this.valueBytes(value));
  }

  /** A value that was logged, as it is kept. */
  storedOf(bytes: Uint8Array): unknown {
    return this.decoded ? this.#valueSerde.deserialize(bytes, this.store) : copyOf(bytes);
  }

  value(stored: unknown): V {
    return this.decoded ? (stored as V) : this.#deserialized(stored as Buffer);
  }

  #deserialized(stored: Buffer): V {
    // A copy: a serde may hand out the very bytes it was given, and user code may write into them.
    const bytes = copyOf(stored);
    const { read } = this.#valueSerde;
    return read === undefined
      ? this.#valueSerde.deserialize(bytes, this.store)
      : read(bytes, 0, bytes.length);
  }

  /** Valid until the next call. */
  valueBytes(value: V): Uint8Array {
    try {
      return this.#values.serialize(this.#valueSerde, value, this.store);
    } catch (error) {
      throw this.#serializeFailed('value', error);
    }
  }

  /** Bytes of what is kept. Valid until the next call. */
  storedBytes(stored: unknown): Uint8Array {
    return this.decoded ? this.valueBytes(stored as V) : (stored as Buffer);
  }

  /** Refuses a value that cannot be written. Strings and longs are what stores hold most: those need no trial. */
  requireWritable(value: V): void {
    if (!this.decoded) return; // it was written to bytes already
    if (this.#plain === typeof value && (this.#plain === 'string' || Number.isSafeInteger(value)))
      return;
    this.valueBytes(value);
  }

  #nullKey(): StreamsError {
    return new StreamsError('INVALID_ARGUMENT', `key cannot be null (store ${this.store})`, {
      store: this.store,
    });
  }

  #serializeFailed(part: string, cause: unknown): StreamsError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new StreamsError(
      'SERIALIZE_FAILED',
      `Error encountered serializing the ${part} for store ${this.store}: ${reason}`,
      { cause, store: this.store },
    );
  }
}

function latin1(bytes: Uint8Array): string {
  return readLatin1(asBuffer(bytes), 0, bytes.length);
}
