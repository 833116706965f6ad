/** CRC-32C for the hand-written limits: slicing by 8, plain JavaScript, no dependency on the library under test. */
const tables: Int32Array[] = [];
for (let slice = 0; slice < 8; slice++) tables.push(new Int32Array(256));
const at = (slice: number): Int32Array => {
  const table = tables[slice];
  if (table === undefined) throw new Error('no such slice');
  return table;
};
for (let i = 0; i < 256; i++) {
  let c = i;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  at(0)[i] = c;
}
for (let i = 0; i < 256; i++) {
  for (let slice = 1; slice < 8; slice++) {
    const c = at(slice - 1)[i]!;
    at(slice)[i] = (c >>> 8) ^ at(0)[c & 255]!;
  }
}
const [t0, t1, t2, t3] = [at(0), at(1), at(2), at(3)];
const [t4, t5, t6, t7] = [at(4), at(5), at(6), at(7)];

export function crc32c(b: Uint8Array, start: number, end: number): number {
  let c = -1;
  let i = start;
  for (const last = end - 7; i < last; i += 8) {
    c ^= b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24);
    c =
      t7[c & 255]! ^
      t6[(c >>> 8) & 255]! ^
      t5[(c >>> 16) & 255]! ^
      t4[c >>> 24]! ^
      t3[b[i + 4]!]! ^
      t2[b[i + 5]!]! ^
      t1[b[i + 6]!]! ^
      t0[b[i + 7]!]!;
  }
  for (; i < end; i++) c = (c >>> 8) ^ t0[(c ^ b[i]!) & 255]!;
  return ~c >>> 0;
}
