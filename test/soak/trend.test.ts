/** The judge of the soak tells growth from noise. */
import { expect, it } from 'vitest';
import { trendOf } from './trend.js';

const series = (samples: readonly number[]) => ({ name: 'bytes', samples, noise: 10 });
const days = Array.from({ length: 40 }, (_, day) => day);

it('a value that swings around one level is flat', () => {
  expect(trendOf(series(days.map((day) => 1000 + (day % 3) * 200))).grows).toBe(false);
});

it('a warm-up is not growth', () => {
  expect(trendOf(series(days.map((day) => Math.min(day, 8) * 100))).grows).toBe(false);
});

it('a leak is found', () => {
  expect(trendOf(series(days.map((day) => 1000 + day * 30 + (day % 3) * 200))).grows).toBe(true);
});
