/**
 * What `build({ optimization })` may change about a plan, by the names of Kafka's `topology.optimization`. The results
 * are the same; topics, stores and node names are not, so that turning one on or off is an upgrade with care.
 */
import { StreamsError } from '../errors.js';
import { mergeRepartitions } from './optimize-repartitions.js';
import { spareSelfJoins } from './optimize-self-joins.js';
import type { PlanGraph } from './plan-graph.js';

/**
 * - `reuse.ktable.source.topics`: the topic of a table is its changelog, no second copy is written.
 * - `merge.repartition.topics`: one repartition topic behind an operator that changes keys, however many need it.
 * - `single.store.self.join`: a stream that is joined with itself is kept once.
 */
export type OptimizationRule = (typeof RULES)[number];

/** Kafka's values: `'none'`, `'all'`, or rules; also as Kafka's list in one string, with commas. */
export type Optimization =
  | 'none'
  | 'all'
  | OptimizationRule
  | `${OptimizationRule},${string}`
  | readonly OptimizationRule[];

const RULES = [
  'reuse.ktable.source.topics',
  'merge.repartition.topics',
  'single.store.self.join',
] as const;

/** The rules that are on. Throws `INVALID_ARGUMENT`. */
export function optimizationRules(given: Optimization = 'none'): ReadonlySet<OptimizationRule> {
  if (given === 'none') return new Set();
  if (given === 'all') return new Set(RULES);
  const list: unknown = typeof given === 'string' ? given.split(/\s*,\s*/) : given;
  if (Array.isArray(list) && list.every(isRule)) return new Set(list);
  const shown = Array.isArray(list) ? list.join(',') : JSON.stringify(given);
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `build(): optimization '${shown}' is unknown. Give 'none', 'all', or a list of ${RULES.map((rule) => `'${rule}'`).join(', ')}.`,
  );
}

const isRule = (rule: unknown): rule is OptimizationRule => RULES.some((known) => known === rule);

/** The rules that move edges; the others are decisions of the compiler about single nodes. */
export function optimize(graph: PlanGraph, rules: ReadonlySet<OptimizationRule>): void {
  if (rules.has('merge.repartition.topics')) mergeRepartitions(graph);
  if (rules.has('single.store.self.join')) spareSelfJoins(graph);
}
