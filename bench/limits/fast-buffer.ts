/** What Node's Buffer can do and its types do not say: the fast paths that the limits use. */
interface FastBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number): number;
  latin1Write(text: string, offset: number): number;
}

export const readUtf8 = (b: Buffer, start: number, end: number) =>
  (b as FastBuffer).utf8Slice(start, end);
export const readLatin1 = (b: Buffer, start: number, end: number) =>
  (b as FastBuffer).latin1Slice(start, end);
export const writeUtf8 = (b: Buffer, text: string, offset: number) =>
  (b as FastBuffer).utf8Write(text, offset);
export const writeLatin1 = (b: Buffer, text: string, offset: number) =>
  (b as FastBuffer).latin1Write(text, offset);

/** A safe non-negative integer as big-endian int64. */
export function putInt64(b: Buffer, offset: number, n: number): void {
  b.writeUInt32BE(Math.floor(n / 2 ** 32), offset);
  b.writeUInt32BE(n >>> 0, offset + 4);
}
