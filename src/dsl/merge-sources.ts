/**
 * Streams that read the same topics share one source node: a topic has one source in a topology, and one position.
 */
import { TopologyException } from '../errors.js';
import type { PlanNode, SerdeSlot, SourcePlan } from './plan.js';

/** Which source stands for which: sources that are not in the map stand for themselves. */
export function mergeSources(calls: readonly PlanNode[]): ReadonlyMap<SourcePlan, SourcePlan> {
  const byTopic = new Map<string, SourcePlan>();
  const merged = new Map<SourcePlan, SourcePlan>();
  for (const source of calls) {
    if (source.kind !== 'source' || !source.shared) continue;
    const keys = source.pattern === undefined ? source.topics : [`/${source.pattern.source}/`];
    const first = keys.map((key) => byTopic.get(key)).find((known) => known !== undefined);
    if (first === undefined) {
      for (const key of keys) byTopic.set(key, source);
    } else {
      requireSameTopics(first, source);
      requireSameReading(first, source);
      merged.set(source, first);
    }
  }
  return merged;
}

function requireSameTopics(first: SourcePlan, second: SourcePlan): void {
  const topics = new Set(first.topics);
  const others = new Set(second.topics);
  if (topics.size === others.size && [...topics].every((topic) => others.has(topic))) return;
  throw new TopologyException(
    'Two source nodes are subscribed to overlapping but not equal input topics',
  );
}

/** Java takes the first source's settings in silence; the second stream would get values of another type. */
function requireSameReading(first: SourcePlan, second: SourcePlan): void {
  const topics = second.pattern?.source ?? second.topics.join(', ');
  for (const part of ['key', 'value'] as const) {
    if (sameSerde(first[part], second[part])) continue;
    throw new TopologyException(
      `Topic ${topics} is read twice with different ${part} serdes (${nameOf(first[part])} and ${nameOf(second[part])}). ` +
        'A topic has one source: read it once, with one serde, and derive both streams from that.',
    );
  }
  const conflict =
    first.offsetReset !== undefined &&
    second.offsetReset !== undefined &&
    first.offsetReset !== second.offsetReset;
  if (conflict) {
    throw new TopologyException(
      `Topic ${topics} is read twice with different offsetReset (${first.offsetReset} and ${second.offsetReset}).`,
    );
  }
}

const nameOf = (serde: SerdeSlot): string => serde?.name ?? 'unnamed';

function sameSerde(left: SerdeSlot, right: SerdeSlot): boolean {
  return left === right || (left?.name !== undefined && left.name === right?.name);
}
