/**
 * Murmur3, 128 bits, x64, with Kafka's seed: how a foreign-key join recognises the row that it asked for. 64-bit numbers
 * are pairs of 32-bit halves in one array, because JavaScript has no cheap 64-bit multiplication.
 */
const SEED = 104_729;
const C1 = [0x87c37b91, 0x114253d5] as const;
const C2 = [0x4cf5ad43, 0x2745937f] as const;
const MIX1 = [0xff51afd7, 0xed558ccd] as const;
const MIX2 = [0xc4ceb9fe, 0x1a85ec53] as const;
const FIVE = [0, 5] as const;

type Constant = readonly [high: number, low: number];

/** One 64-bit number. */
class Long {
  high = 0;
  low = 0;

  set(high: number, low: number): this {
    this.high = high >>> 0;
    this.low = low >>> 0;
    return this;
  }

  add(high: number, low: number): this {
    const sum = this.low + low;
    return this.set(this.high + high + (sum > 0xffffffff ? 1 : 0), sum);
  }

  xor(other: Long): this {
    return this.set(this.high ^ other.high, this.low ^ other.low);
  }

  rotate(bits: number): this {
    const { high, low } = bits >= 32 ? { high: this.low, low: this.high } : this;
    const by = bits % 32;
    if (by === 0) return this.set(high, low);
    return this.set((high << by) | (low >>> (32 - by)), (low << by) | (high >>> (32 - by)));
  }

  /** The lower 64 bits of the product, from products of 16-bit limbs. */
  multiply([high, low]: Constant): this {
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const p00 = a0 * b0;
    const middle = (p00 >>> 16) + ((a1 * b0) & 0xffff) + ((a0 * b1) & 0xffff);
    const carry =
      a1 * b1 +
      Math.floor((a1 * b0) / 0x10000) +
      Math.floor((a0 * b1) / 0x10000) +
      Math.floor(middle / 0x10000);
    const upper = Math.imul(this.high, low) + Math.imul(this.low, high) + carry;
    // The sum is exact, far below 2^53, and only its lower 32 bits count.
    return this.set(upper % 0x100000000, (p00 & 0xffff) | (middle << 16));
  }

  /** Kafka's final mix. */
  mix(): this {
    this.set(this.high, this.low ^ (this.high >>> 1)).multiply(MIX1);
    this.set(this.high, this.low ^ (this.high >>> 1)).multiply(MIX2);
    return this.set(this.high, this.low ^ (this.high >>> 1));
  }
}

/** The hash of `bytes` as Java's two longs, big-endian: 16 bytes. */
export function murmur3(bytes: Uint8Array): Buffer {
  const h1 = new Long().set(0, SEED);
  const h2 = new Long().set(0, SEED);
  const k1 = new Long();
  const k2 = new Long();
  const blocks = bytes.length - (bytes.length % 16);
  for (let at = 0; at < blocks; at += 16) {
    read(k1, bytes, at, 8).multiply(C1).rotate(31).multiply(C2);
    h1.xor(k1).rotate(27).add(h2.high, h2.low).multiply(FIVE).add(0, 0x52dce729);
    read(k2, bytes, at + 8, 8)
      .multiply(C2)
      .rotate(33)
      .multiply(C1);
    h2.xor(k2).rotate(31).add(h1.high, h1.low).multiply(FIVE).add(0, 0x38495ab5);
  }
  const rest = bytes.length - blocks;
  if (rest > 8)
    h2.xor(
      read(k2, bytes, blocks + 8, rest - 8)
        .multiply(C2)
        .rotate(33)
        .multiply(C1),
    );
  if (rest > 0)
    h1.xor(read(k1, bytes, blocks, Math.min(rest, 8)).multiply(C1).rotate(31).multiply(C2));
  h1.set(h1.high, h1.low ^ bytes.length);
  h2.set(h2.high, h2.low ^ bytes.length);
  h1.add(h2.high, h2.low);
  h2.add(h1.high, h1.low);
  h1.mix();
  h2.mix();
  h1.add(h2.high, h2.low);
  h2.add(h1.high, h1.low);
  const hash = Buffer.alloc(16);
  for (const [i, half] of [h1.high, h1.low, h2.high, h2.low].entries())
    hash.writeUInt32BE(half, i * 4);
  return hash;
}

/** Little-endian, of at most 8 bytes. */
function read(into: Long, bytes: Uint8Array, at: number, count: number): Long {
  let high = 0;
  let low = 0;
  for (let i = count - 1; i >= 0; i--) {
    if (i >= 4) high = (high << 8) | bytes[at + i]!;
    else low = (low << 8) | bytes[at + i]!;
  }
  return into.set(high, low);
}
