/**
 * Kafka's sticky assignor: as balanced as the subscriptions allow, and among those as close as possible to what the
 * members had. First everybody keeps what he had and may have; what is free goes to whoever has least; then the
 * fullest members give to the emptiest until no single move makes the shares more even.
 *
 * With equal subscriptions no member has two more than another, and no partition moves that need not.
 */
import type { TopicPartition } from '../client.js';
import {
  noAssignment,
  partitionKey,
  ownersOf,
  sortedMembers,
  wantedTopics,
  type Assignment,
  type Subscription,
} from './subscription.js';

export function assignSticky(
  members: readonly Subscription[],
  partitionsOf: (topic: string) => number,
): Assignment {
  const sorted = sortedMembers(members);
  const shares = sorted.map((member) => new Share(member));
  const takers = takersByTopic(shares, partitionsOf);
  const owners = keepOwned(shares, partitionsOf);
  dealFree(sorted, shares, takers, owners, partitionsOf);
  balance(shares, takers);
  const assignment = noAssignment(sorted);
  for (const share of shares)
    for (const partitions of share.byTopic.values())
      assignment.get(share.memberId)?.push(...partitions);
  return assignment;
}

/** What one member has so far. */
class Share {
  readonly memberId: string;
  readonly subscription: Subscription;
  readonly byTopic = new Map<string, TopicPartition[]>();
  count = 0;
  /** Of each topic, how many at the beginning of the list it had before. */
  readonly #kept = new Map<string, number>();

  constructor(subscription: Subscription) {
    this.memberId = subscription.memberId;
    this.subscription = subscription;
  }

  keep(partition: TopicPartition): void {
    this.add(partition);
    this.#kept.set(partition.topic, (this.#kept.get(partition.topic) ?? 0) + 1);
  }

  /** It has a partition of the topic that it did not have before: moving that one costs nobody anything. */
  hasFresh(topic: string): boolean {
    return (this.byTopic.get(topic)?.length ?? 0) > (this.#kept.get(topic) ?? 0);
  }

  add(partition: TopicPartition): void {
    const list = this.byTopic.get(partition.topic);
    if (list === undefined) this.byTopic.set(partition.topic, [partition]);
    else list.push(partition);
    this.count++;
  }

  /** The one of the topic that came last: what was kept longest stays. */
  take(topic: string): TopicPartition | undefined {
    const list = this.byTopic.get(topic);
    const taken = list?.pop();
    if (taken !== undefined) this.count--;
    if (list?.length === 0) this.byTopic.delete(topic);
    return taken;
  }
}

function takersByTopic(
  shares: readonly Share[],
  partitionsOf: (topic: string) => number,
): Map<string, Share[]> {
  const takers = new Map<string, Share[]>();
  for (const share of shares) {
    for (const topic of share.subscription.topics) {
      if (partitionsOf(topic) === 0) continue;
      const list = takers.get(topic);
      if (list === undefined) takers.set(topic, [share]);
      else list.push(share);
    }
  }
  return takers;
}

/** Everybody keeps what is his, exists and is wanted; returns the keys of it. */
function keepOwned(shares: readonly Share[], partitionsOf: (topic: string) => number): Set<string> {
  const owners = ownersOf(shares.map(({ subscription }) => subscription));
  const kept = new Set<string>();
  for (const share of shares) {
    const wanted = new Set(share.subscription.topics);
    for (const { topic, partition } of share.subscription.owned) {
      const key = partitionKey({ topic, partition });
      if (owners.get(key) !== share.memberId || kept.has(key)) continue;
      if (!wanted.has(topic) || partition >= partitionsOf(topic)) continue;
      kept.add(key);
      share.keep({ topic, partition });
    }
  }
  return kept;
}

/** Topics that few members can take are dealt out first: later there may be nobody left with room. */
function dealFree(
  sorted: readonly Subscription[],
  shares: readonly Share[],
  takers: ReadonlyMap<string, readonly Share[]>,
  kept: ReadonlySet<string>,
  partitionsOf: (topic: string) => number,
): void {
  const topics = wantedTopics(sorted).filter((topic) => takers.has(topic));
  const narrow = topics.some((topic) => takers.get(topic)?.length !== shares.length);
  if (narrow) topics.sort((a, b) => takers.get(a)!.length - takers.get(b)!.length);
  let turns: Turns | undefined;
  for (const topic of topics) {
    if (narrow || turns === undefined) turns = new Turns(takers.get(topic) ?? []);
    const partitions = partitionsOf(topic);
    for (let partition = 0; partition < partitions; partition++) {
      const at = { topic, partition };
      if (!kept.has(partitionKey(at))) turns.emptiest().add(at);
    }
  }
}

/** Finds who has least without looking at everybody each time: takers are visited in turn, level by level. */
class Turns {
  readonly #shares: readonly Share[];
  #level: number;
  #at = 0;

  constructor(shares: readonly Share[]) {
    this.#shares = shares;
    this.#level = Math.min(...shares.map(({ count }) => count));
  }

  emptiest(): Share {
    for (;;) {
      for (; this.#at < this.#shares.length; this.#at++) {
        const share = this.#shares[this.#at]!;
        if (share.count <= this.#level) return share;
      }
      this.#at = 0;
      this.#level++;
    }
  }
}

/** Each move takes from one that has at least two more than the taker, so the sum of squares falls: it ends. */
function balance(shares: readonly Share[], takers: ReadonlyMap<string, readonly Share[]>): void {
  const byCount = [...shares];
  for (const freshOnly of [true, false])
    while (
      moveOne(
        byCount.sort((a, b) => b.count - a.count),
        takers,
        freshOnly,
      )
    );
}

/** `shares`: the fullest first. False when nobody can give anything. */
function moveOne(
  shares: readonly Share[],
  takers: ReadonlyMap<string, readonly Share[]>,
  freshOnly: boolean,
): boolean {
  const least = shares.at(-1)?.count ?? 0;
  for (const giver of shares) {
    if (giver.count <= least + 1) return false;
    const move = bestMove(giver, takers, least, freshOnly);
    const partition = move === undefined ? undefined : giver.take(move.topic);
    if (move === undefined || partition === undefined) continue;
    move.taker.add(partition);
    return true;
  }
  return false;
}

/** To the emptiest member that can take something from this one, if the giver has as much as it afterwards or more. */
function bestMove(
  giver: Share,
  takers: ReadonlyMap<string, readonly Share[]>,
  least: number,
  freshOnly: boolean,
): { readonly topic: string; readonly taker: Share } | undefined {
  let best: { readonly topic: string; readonly taker: Share } | undefined;
  for (const topic of giver.byTopic.keys()) {
    if (freshOnly && !giver.hasFresh(topic)) continue;
    for (const taker of takers.get(topic) ?? []) {
      if (taker.count + 1 >= giver.count || taker.count >= (best?.taker.count ?? Infinity))
        continue;
      best = { topic, taker };
      if (taker.count === least) return best;
    }
  }
  return best;
}
