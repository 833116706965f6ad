import { describe, expect, it } from 'vitest';
import { laneBytesMax } from '../../src/runtime/intake.js';

const MIB = 1024 * 1024;

describe('what is read ahead', () => {
  it('is bounded for all partitions together, and never too little for one', () => {
    expect(laneBytesMax(1)).toBe(4 * MIB);
    expect(laneBytesMax(32)).toBe(4 * MIB);
    expect(laneBytesMax(1024) * 1024).toBe(128 * MIB);
    expect(laneBytesMax(100_000)).toBe(64 * 1024);
    expect(laneBytesMax(0)).toBe(4 * MIB);
  });
});
