/**
 * How a value becomes bytes and back. A serde is synchronous and pure; `null` never reaches it (null is no bytes).
 * The optional `write`/`read` pair is the fast path over shared buffers; the built-in serdes have it.
 */

/** A growable buffer that serializers write into. Owned by the caller; valid until its next `reset`. */
export interface ByteWriter {
  /** The bytes written so far are `buffer[0, length)`. The buffer may be replaced when it grows: read it after writing. */
  readonly buffer: Buffer;
  readonly length: number;
  reset(): void;
  /** Makes room for `bytes` more and returns the position to write at; follow with `advance`. */
  reserve(bytes: number): number;
  advance(bytes: number): void;
  bytes(source: Uint8Array): void;
  utf8(text: string): void;
  uint8(value: number): void;
  int32(value: number): void;
  /** A safe integer as big-endian int64. Throws `SERIALIZE_FAILED` beyond 2^53. */
  int64(value: number): void;
  float64(value: number): void;
}

export interface Serde<T> {
  serialize(value: T, topic: string): Uint8Array;
  /** `bytes` belongs to the log: keep a copy if you keep it. Throw to report bytes that are not a value. */
  deserialize(bytes: Uint8Array, topic: string): T;
  /** Fast path of `serialize`: appends to `writer`. */
  readonly write?: (value: T, writer: ByteWriter) => void;
  /** Fast path of `deserialize` over `buffer[start, end)`. */
  readonly read?: (buffer: Buffer, start: number, end: number) => T;
  /** Values cannot be changed in place (strings, numbers, ...): stores may keep them decoded. */
  readonly immutable?: boolean;
  /** For error messages: `string`, `json`, ... */
  readonly name?: string;
}

export type SerdeType<S> = S extends Serde<infer T> ? T : never;
