/** dev */
import { Coverage } from './coverage.js';
import { drawPlan } from './plan.js';
import { simulate } from './simulate.js';
const from = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 200);
const c = new Coverage();
const t = performance.now();
const kinds = new Map<string, number[]>();
for (let s = from; s < from + n; s++) {
  const f = await simulate(drawPlan(s), c);
  if (f) {
    const k = f.error.message.replaceAll(/\d+/g, '#').slice(0, 150);
    kinds.set(k, [...(kinds.get(k) ?? []), s]);
    if (n < 5) console.log(f, f.error.cause);
  }
}
console.log(c.counts, c.missing(), (n / (performance.now() - t)) * 60000, 'seeds/min');
for (const [k, v] of kinds) console.log(v.length, v.slice(0, 6), k);
