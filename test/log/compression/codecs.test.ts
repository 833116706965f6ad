/**
 * The codecs alone: what they compress comes out as it was, what is damaged is refused by a named error, and nothing
 * grows beyond its limit. `FC_SEED` sets the seed, which a failure prints.
 */
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/env/seeded-random.js';
import type { Codec, CompressionType } from '../../../src/log/client.js';
import { DamagedInput, TooManyBytes } from '../../../src/log/compression/codec.js';
import { GzipCodec } from '../../../src/log/compression/gzip.js';
import { Lz4Codec } from '../../../src/log/compression/lz4.js';
import { SnappyCodec } from '../../../src/log/compression/snappy.js';
import { xxhash32 } from '../../../src/log/compression/xxhash32.js';
import { zstdParts } from '../../../src/log/compression/zstd.js';
import { ZSTD_FRAMES } from './zstd-frames.js';

const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);
const MAX = 4 * 1024 * 1024;

const CODECS: readonly (readonly [CompressionType, Codec])[] = [
  ['gzip', new GzipCodec()],
  ['snappy', new SnappyCodec()],
  ['lz4', new Lz4Codec()],
];

/** Text with repetitions near and far, long runs, and noise. */
const contents: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(255), fc.nat(5000)).map(([byte, count]) => Buffer.alloc(count, byte)),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 40 }), fc.nat(400))
        .map(([text, count]) => Buffer.from(text.repeat(count))),
      fc.integer({ min: 1, max: 80_000 }).map((count) => noise(count)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat([...parts, ...parts.slice(0, 2)]));

const NOISE = Buffer.from(
  Array.from(
    { length: 80_000 },
    (
      (random) => () =>
        random.below(256)
    )(new SeededRandom(1)),
  ),
);

function noise(count: number): Buffer {
  return NOISE.subarray(0, count);
}

describe(`codecs, seed ${seed}`, () => {
  describe.each(CODECS)('%s', (_type, codec) => {
    it('gives back what it was given', () => {
      fc.assert(
        fc.property(contents, (bytes) => {
          const compressed = codec.compress(bytes);
          const back = codec.decompress(compressed, MAX);
          expect(Buffer.compare(back, bytes)).toBe(0);
          expect(codec.decompress(compressed, bytes.length).length).toBe(bytes.length);
        }),
        { seed, numRuns: 80 },
      );
    });

    it('refuses to go one byte beyond the limit', () => {
      fc.assert(
        fc.property(
          contents.filter(({ length }) => length > 1),
          (bytes) => {
            const compressed = codec.compress(bytes);
            expect(() => codec.decompress(compressed, bytes.length - 1)).toThrow(TooManyBytes);
          },
        ),
        { seed, numRuns: 60 },
      );
    });

    it('refuses what is cut off', () => {
      const compressed = codec.compress(Buffer.concat([noise(40_000), Buffer.alloc(40_000, 1)]));
      for (let end = 1; end < compressed.length; end += 1 + (end >> 4)) {
        // A framing without an end marker may end between two blocks.
        let back: Buffer | undefined;
        try {
          back = codec.decompress(compressed.subarray(0, end), MAX);
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedInput);
        }
        expect(back?.length ?? 0).toBeLessThan(80_000);
      }
    });

    it('answers damage with bytes or a named error, within the limit', () => {
      fc.assert(
        fc.property(
          contents,
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
          (bytes, changes) => {
            const compressed = Buffer.from(codec.compress(bytes));
            for (const [at, byte] of changes) compressed[at % compressed.length] = byte;
            expectBounded(() => codec.decompress(compressed, MAX));
          },
        ),
        { seed, numRuns: 200 },
      );
    });

    it('answers any bytes at all with bytes or a named error, within the limit', () => {
      const head = codec.compress(Buffer.from('abc')).subarray(0, 16);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(16), (bytes, kept) => {
          expectBounded(() =>
            codec.decompress(Buffer.concat([head.subarray(0, kept), bytes]), MAX),
          );
        }),
        { seed, numRuns: 200 },
      );
    });
  });

  it('stops a bomb of gzip at the limit', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(() => new GzipCodec().decompress(bomb, 1_000_000)).toThrow(TooManyBytes);
  });

  it('stops a bomb of lz4 at the limit, and makes no room for lengths that lie', () => {
    const codec = new Lz4Codec();
    expect(() => codec.decompress(codec.compress(Buffer.alloc(16e6)), 1_000_000)).toThrow(
      TooManyBytes,
    );
    // Content size 2^40.
    const header = Buffer.from('04224d1868400000000000010000', 'hex');
    const checksum = Buffer.from([(xxhash32(header, 4, header.length) >>> 8) & 0xff]);
    const lying = Buffer.concat([header, checksum, Buffer.alloc(4)]);
    expect(() => codec.decompress(lying, MAX)).toThrow(TooManyBytes);
  });

  it('takes no length of a snappy block that the block cannot have', () => {
    const codec = new SnappyCodec();
    const lying = Buffer.from('ffffff7f0041', 'hex');
    expect(() => codec.decompress(lying, 2 ** 30)).toThrow(/claims to hold 268435455/);
  });

  it('reads snappy with and without the framing of Java', () => {
    const codec = new SnappyCodec();
    const bytes = Buffer.from('abc'.repeat(100));
    const framed = codec.compress(bytes);
    expect(codec.decompress(framed.subarray(20), MAX)).toEqual(bytes);
    expect(codec.decompress(Buffer.concat([framed, framed]), MAX).length).toBe(600);
  });

  it('hashes as xxHash32 does', () => {
    const text = Buffer.from('Nobody inspects the spammish repetition');
    expect(xxhash32(text, 0, text.length)).toBe(0xe2293b2f);
    expect(xxhash32(text, 0, 0)).toBe(0x02cc5d05);
    expect(xxhash32(Buffer.from('abc'), 0, 3)).toBe(0x32d153ff);
  });
});

describe(`zstd, seed ${seed}`, () => {
  const { compress, decompress } = zstdParts();
  const read = (bytes: Buffer, maxBytes = MAX): Buffer => {
    if (decompress === undefined) throw new Error('fzstd is a devDependency');
    return decompress(bytes, maxBytes);
  };

  it.each(ZSTD_FRAMES)('reads a frame $of', ({ frame, text }) => {
    expect(read(frame).toString()).toBe(text);
    expect(read(Buffer.concat([frame, frame])).toString()).toBe(text + text);
    expect(() => read(frame, text.length - 1)).toThrow(TooManyBytes);
  });

  it('refuses what is cut off', () => {
    for (const { frame } of ZSTD_FRAMES)
      for (let end = 1; end < frame.length; end++)
        expect(() => read(frame.subarray(0, end))).toThrow(DamagedInput);
  });

  it('answers damage with bytes or a named error, within the limit', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZSTD_FRAMES),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        ({ frame }, changes) => {
          const damaged = Buffer.from(frame);
          for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
          expectBounded(() => read(damaged));
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  it.skipIf(compress === undefined)('gives back what it was given', () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        const compressed = compress?.(bytes) ?? Buffer.alloc(0);
        expect(Buffer.compare(read(compressed), bytes)).toBe(0);
        if (bytes.length > 1)
          expect(() => read(compressed, bytes.length - 1)).toThrow(TooManyBytes);
      }),
      { seed, numRuns: 100 },
    );
  });
});

function expectBounded(decompress: () => Buffer): void {
  try {
    expect(decompress().length).toBeLessThanOrEqual(MAX);
  } catch (error) {
    if (!(error instanceof DamagedInput) && !(error instanceof TooManyBytes)) throw error;
  }
}
