/**
 * What happens in one simulated life of a log, drawn from its seed alone before anything runs, as data: operations can
 * be dropped from the list, and the others stay what they are. Swarm style: each seed draws which kinds of operations
 * and faults it has and how often, so that rare mixtures come up.
 */
import { SeededRandom } from '../../../src/env/seeded-random.js';
import type { CompressionType } from '../../../src/log/client.js';

export type FaultKind = 'crash' | 'sync-fails' | 'write-fails' | 'disk-full';
export type Restart = 'power' | 'kill' | 'close';
export type TransactionEnd = 'commit' | 'abort' | 'leave' | 'fence';

export type Action =
  | {
      readonly do: 'send';
      readonly producer: number;
      readonly topic: number;
      readonly partition: number;
      readonly count: number;
      readonly bytes: number;
      readonly key: number;
      /** Without a value, which deletes the key from a compacted topic. */
      readonly tombstone: boolean;
    }
  | { readonly do: 'flush'; readonly producer: number }
  | { readonly do: 'new-producer'; readonly producer: number }
  | {
      readonly do: 'transaction';
      readonly id: number;
      readonly sends: readonly (Action & { readonly do: 'send' })[];
      readonly offset: number;
      readonly end: TransactionEnd;
    }
  | {
      readonly do: 'create';
      readonly topic: number;
      readonly partitions: number;
      readonly config: Readonly<{ [name: string]: string }>;
    }
  | { readonly do: 'delete-topic'; readonly topic: number }
  | { readonly do: 'add-partition'; readonly topic: number }
  | {
      readonly do: 'alter';
      readonly topic: number;
      readonly set: Readonly<{ [name: string]: string }>;
    }
  | {
      readonly do: 'delete-records';
      readonly topic: number;
      readonly partition: number;
      readonly share: number;
    }
  | { readonly do: 'poll'; readonly consumer: number }
  | { readonly do: 'commit-offsets'; readonly consumer: number; readonly offset: number }
  | { readonly do: 'close-consumer'; readonly consumer: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'jump'; readonly ms: number }
  | { readonly do: 'verify' }
  | { readonly do: 'fault'; readonly fault: FaultKind; readonly after: number }
  | { readonly do: 'restart'; readonly how: Restart };

export interface Operation {
  /** Its number in the whole plan; stays when others are dropped. */
  readonly step: number;
  readonly action: Action;
  /** Turns of the host's loop before the next one; -1: until nothing is left to do. */
  readonly turns: number;
}

export interface Plan {
  readonly seed: number;
  readonly durability: 'fsync' | 'os';
  readonly journalBytesMax: number;
  readonly compression: CompressionType;
  readonly batchBytes: number;
  /** Delay of each step of the disk, in ms; 0: none. */
  readonly diskMs: number;
  /** What a crash keeps is drawn from this, so that dropping operations changes nothing else. */
  readonly operations: readonly Operation[];
}

export const TOPICS = 3;
export const PRODUCERS = 3;
export const TRANSACTIONAL_IDS = 2;
export const CONSUMERS = 3;

interface Weighted {
  readonly weight: number;
  draw(random: SeededRandom): Action;
}

export function drawPlan(seed: number): Plan {
  const random = new SeededRandom(seed).fork('plan');
  const one = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)]!;
  const os = random.below(8) === 0;
  const kinds = kindsOf(random, os);
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const operations: Operation[] = [];
  const add = (action: Action, turns: number) =>
    operations.push({ step: operations.length, action, turns });
  add(createTopic(random, 0), -1);
  const count = 20 + random.below(60);
  const hurry = random.float();
  while (operations.length < count) {
    let left = random.float() * total;
    const kind = kinds.find(({ weight }) => (left -= weight) < 0) ?? kinds[0]!;
    add(kind.draw(random), random.float() < hurry ? random.below(4) : -1);
  }
  return {
    seed,
    durability: os ? 'os' : 'fsync',
    journalBytesMax: one(1500, 4000, 10_000, 40_000),
    compression: one<CompressionType>('none', 'none', 'none', 'gzip'),
    batchBytes: one(200, 600, 3000),
    diskMs: one(0, 0, 0, 1, 20),
    operations,
  };
}

/** The kinds of operations that this seed has; each optional one is there half of the time. */
function kindsOf(random: SeededRandom, os: boolean): Weighted[] {
  const kinds: Weighted[] = [
    { weight: 6, draw: drawSend },
    { weight: 1, draw: (r) => ({ do: 'flush', producer: r.below(PRODUCERS) }) },
    { weight: 1, draw: (r) => createTopic(r, r.below(TOPICS)) },
  ];
  const maybe = (weight: number, draw: (random: SeededRandom) => Action) => {
    if (random.below(2) === 0) kinds.push({ weight: weight * (0.5 + random.float()), draw });
  };
  maybe(4, drawTransaction);
  maybe(2, drawTransaction);
  maybe(3, (r) => ({ do: 'poll', consumer: r.below(CONSUMERS) }));
  maybe(2, (r) => ({
    do: 'commit-offsets',
    consumer: r.below(CONSUMERS),
    offset: r.below(1000),
  }));
  maybe(0.5, (r) => ({ do: 'close-consumer', consumer: r.below(CONSUMERS) }));
  maybe(0.7, (r) => ({ do: 'delete-topic', topic: r.below(TOPICS) }));
  maybe(0.7, (r) => ({ do: 'add-partition', topic: r.below(TOPICS) }));
  maybe(0.7, (r) => ({ do: 'alter', topic: r.below(TOPICS), set: drawConfig(r) }));
  maybe(0.7, (r) => ({
    do: 'delete-records',
    topic: r.below(TOPICS),
    partition: r.below(3),
    share: r.float(),
  }));
  maybe(0.5, (r) => ({ do: 'new-producer', producer: r.below(PRODUCERS) }));
  maybe(2, (r) => ({ do: 'wait', ms: 1 + r.below(r.below(2) === 0 ? 50 : 20_000) }));
  maybe(0.4, (r) => ({ do: 'jump', ms: r.below(7_200_000) - 3_600_000 }));
  maybe(0.5, () => ({ do: 'verify' }));
  maybe(1.5, (r) => ({ do: 'restart', how: drawRestart(r, os) }));
  if (!os) {
    maybe(2, (r) => drawFault(r, 'crash'));
    maybe(1, (r) => drawFault(r, 'crash'));
    maybe(0.6, (r) => drawFault(r, 'sync-fails'));
    maybe(0.6, (r) => drawFault(r, 'write-fails'));
    maybe(0.4, (r) => drawFault(r, 'disk-full'));
  }
  return kinds;
}

function drawSend(random: SeededRandom): Action & { readonly do: 'send' } {
  return {
    do: 'send',
    producer: random.below(PRODUCERS),
    topic: random.below(TOPICS),
    partition: random.below(3),
    count: 1 + random.below(random.below(5) === 0 ? 12 : 4),
    bytes: random.below(random.below(8) === 0 ? 2500 : 40),
    key: random.below(6),
    tombstone: random.below(8) === 0,
  };
}

function drawTransaction(random: SeededRandom): Action {
  const ends: readonly TransactionEnd[] = ['commit', 'commit', 'commit', 'abort', 'leave', 'fence'];
  return {
    do: 'transaction',
    id: random.below(TRANSACTIONAL_IDS),
    sends: Array.from({ length: 1 + random.below(4) }, () => drawSend(random)),
    offset: random.below(3) === 0 ? -1 : random.below(1000),
    end: ends[random.below(ends.length)]!,
  };
}

function createTopic(random: SeededRandom, topic: number): Action {
  const config = random.below(3) === 0 ? compaction(random) : drawConfig(random);
  return { do: 'create', topic, partitions: 1 + random.below(3), config };
}

function compaction(random: SeededRandom): Readonly<{ [name: string]: string }> {
  return {
    'cleanup.policy': 'compact',
    'segment.ms': `${1 + random.below(300)}`,
    'min.cleanable.dirty.ratio': '0',
    'delete.retention.ms': `${random.below(20_000)}`,
  };
}

function drawConfig(random: SeededRandom): Readonly<{ [name: string]: string }> {
  return {
    ...(random.below(2) === 0 ? { 'segment.ms': `${1 + random.below(2000)}` } : {}),
    ...(random.below(5) === 0 ? { 'retention.ms': `${1 + random.below(60_000)}` } : {}),
  };
}

function drawRestart(random: SeededRandom, os: boolean): Restart {
  const choices: readonly Restart[] = os ? ['kill', 'close'] : ['power', 'kill', 'close'];
  return choices[random.below(choices.length)]!;
}

function drawFault(random: SeededRandom, fault: FaultKind): Action {
  return { do: 'fault', fault, after: random.below(fault === 'disk-full' ? 6000 : 30) };
}
