/** Whether a series of samples grows: the last third against the first, both by their median, after a warm-up. */
export interface Series {
  readonly name: string;
  readonly samples: readonly number[];
  /** Growth below this is noise, whatever its share. */
  readonly noise: number;
}

export interface Trend {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly grows: boolean;
}

const WARM_UP = 0.25;
const SHARE_MAX = 0.15;

export function trendOf({ name, samples, noise }: Series): Trend {
  const steady = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.max(1, Math.floor(steady.length / 3));
  const before = median(steady.slice(0, third));
  const after = median(steady.slice(-third));
  const growth = after - before;
  return { name, before, after, grows: growth > noise && growth > before * SHARE_MAX };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
