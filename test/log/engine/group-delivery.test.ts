/**
 * Random lives of groups on a simulated disk and virtual time: members (static and dynamic, by each assignor, by name
 * or pattern) join, read, commit and close while records come in, topics and partitions are added and the log is
 * restarted.
 *
 * Always: no partition is in the hands of two members of the group. When everybody commits what he gives up, each
 * record is handed out exactly once and in order, over all handovers. When members fall silent, vanish without
 * closing, or the machine loses power, each record is handed out at least once. In the end the group comes to rest
 * with every partition in one hand.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { StreamsError } from '../../../src/errors.js';
import type { AssignorName, LogConsumer, TopicPartition } from '../../../src/log/client.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';

const MAX_POLL_INTERVAL_MS = 10_000;
const MEMBERS_MAX = 5;
const TOPICS = ['t0', 't1', 't2'];
const REFUSED = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER', 'REBALANCE_IN_PROGRESS']);

const WELL_BEHAVED = [
  { weight: 20, arbitrary: fc.constant('poll' as const) },
  { weight: 4, arbitrary: fc.constantFrom('produce' as const, 'join' as const, 'commit' as const) },
  { weight: 2, arbitrary: fc.constantFrom('close' as const, 'grow' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
];
const ANYHOW = [
  ...WELL_BEHAVED,
  { weight: 2, arbitrary: fc.constantFrom('silence' as const, 'vanish' as const) },
  { weight: 1, arbitrary: fc.constant('crash' as const) },
];

interface Step {
  readonly do:
    | 'poll'
    | 'produce'
    | 'join'
    | 'commit'
    | 'close'
    | 'grow'
    | 'restart'
    | 'silence'
    | 'vanish'
    | 'crash';
  readonly pick: number;
}

interface Life {
  /** How many members there are when it begins. */
  readonly members: number;
  readonly assignor: AssignorName;
  readonly pattern: boolean;
  readonly steps: readonly Step[];
}

const lives = (actions: typeof ANYHOW | typeof WELL_BEHAVED): fc.Arbitrary<Life> =>
  fc.record({
    assignor: fc.constantFrom<AssignorName>('range', 'roundrobin', 'sticky', 'cooperative-sticky'),
    pattern: fc.boolean(),
    members: fc.nat(4),
    steps: fc.array(
      fc.record({ do: fc.oneof(...(actions as typeof ANYHOW)), pick: fc.nat(1000) }),
      { minLength: 5, maxLength: 80 },
    ),
  });

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** A consumer with the place up to which it worked each partition off. */
class Member {
  readonly consumer: LogConsumer;
  readonly groupInstanceId: string | undefined;
  readonly #done = new Map<string, TopicPartition & { readonly offset: number }>();

  constructor(engine: LogEngine, life: Life, groupInstanceId: string | undefined) {
    this.groupInstanceId = groupInstanceId;
    this.consumer = engine.consumer({
      groupId: 'g',
      assignor: life.assignor,
      maxPollIntervalMs: MAX_POLL_INTERVAL_MS,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    });
    this.consumer.subscribe(life.pattern ? /t\d/ : TOPICS, {
      onPartitionsAssigned: () => undefined,
      onPartitionsRevoked: async (partitions) => {
        await this.commit(partitions);
        this.#forget(partitions);
      },
      onPartitionsLost: (partitions) => this.#forget(partitions),
    });
  }

  async commit(partitions: readonly TopicPartition[] = [...this.#done.values()]): Promise<void> {
    const offsets = partitions.flatMap((at) => {
      const done = this.#done.get(keyOf(at));
      return done === undefined ? [] : [Object.assign({ metadata: '' }, done)];
    });
    try {
      await this.consumer.commit(offsets);
    } catch (error) {
      if (!(error instanceof StreamsError) || !REFUSED.has(error.code)) throw error;
    }
  }

  async poll(seen: (at: TopicPartition, offset: number) => void): Promise<number> {
    const cursor = new RecordCursor();
    const fetches = await this.consumer.poll(0);
    for (const { topic, partition, batches, firstOffset, nextOffset } of fetches) {
      for (const batch of batches) {
        cursor.reset(batch.bytes, batch.start);
        while (cursor.next())
          if (cursor.offset >= firstOffset) seen({ topic, partition }, cursor.offset);
      }
      this.#done.set(keyOf({ topic, partition }), { topic, partition, offset: nextOffset });
    }
    return fetches.length;
  }

  #forget(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) this.#done.delete(keyOf(at));
  }
}

class World {
  readonly #life: Life;
  #boots = 1;
  #env = new SimulatedEnv({ seed: this.#boots });
  #engine!: LogEngine;
  #members: Member[] = [];
  readonly #partitions = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  readonly seen = new Map<string, number[]>();
  /** What two members of the group held at once. */
  readonly heldTwice: string[] = [];

  constructor(life: Life) {
    this.#life = life;
  }

  async open(): Promise<void> {
    const storage = openJournalStorage({ directory: '/log', env: this.#env, thread: 'inline' });
    this.#engine = await this.#env.run(
      openEngine({ storage, env: this.#env, features: { durable: true } }),
    );
  }

  async run({ do: action, pick }: Step): Promise<void> {
    if (action === 'join') return this.join(pick);
    if (action === 'produce') return this.#produce(pick);
    if (action === 'grow') return this.grow(pick);
    if (action === 'silence') return this.#env.advance(MAX_POLL_INTERVAL_MS + 1);
    if (action === 'restart') return this.#restart();
    if (action === 'crash') return this.#crash();
    const member = this.#members[pick % Math.max(1, this.#members.length)];
    if (member === undefined) return;
    if (action === 'poll') await this.#poll(member);
    else if (action === 'commit') await this.#env.run(member.commit());
    else {
      this.#members = this.#members.filter((other) => other !== member);
      if (action === 'close') await this.#env.run(member.consumer.close());
    }
  }

  join(pick: number): void {
    if (this.#members.length === MEMBERS_MAX) return;
    const instance = pick % 3 === 0 ? `s${pick % 2}` : undefined;
    if (instance !== undefined && this.#members.some((one) => one.groupInstanceId === instance))
      return;
    this.#members.push(new Member(this.#engine, this.#life, instance));
  }

  async grow(pick: number): Promise<void> {
    const topic = TOPICS[pick % TOPICS.length]!;
    const count = this.#partitions.get(topic) ?? 0;
    if (count === 6) return;
    const partitions = count + 1 + (pick % 2);
    this.#partitions.set(topic, partitions);
    const admin = this.#engine.admin();
    const change = [{ topic, partitions }];
    await this.#env.run(count === 0 ? admin.createTopics(change) : admin.createPartitions(change));
  }

  /** In every moment: of those that the group knows as its members, no two hold the same. */
  async noteOwners(): Promise<void> {
    const [group] = await this.#engine.admin().describeGroups(['g']);
    const known = new Set(group?.members.map(({ memberId }) => memberId));
    const held = this.#members
      .filter(({ consumer }) => known.has(consumer.groupMetadata().memberId))
      .flatMap(({ consumer }) => consumer.assignment().map(keyOf));
    this.heldTwice.push(...held.filter((key, i) => held.indexOf(key) !== i));
  }

  /** Who is away stays away; the others poll until nothing changes and everything is read. */
  async settle(): Promise<void> {
    this.join(1);
    for (let wait = 0; wait < 2; wait++) {
      for (let round = 0; round < 6; round++) {
        // oxlint-disable-next-line no-await-in-loop -- members poll in turn
        for (const member of this.#members) await this.#poll(member);
      }
      // The others go on polling while the time of those that are away runs out.
      for (let part = 0; part < 4; part++) {
        this.#env.advance(MAX_POLL_INTERVAL_MS / 3);
        // oxlint-disable-next-line no-await-in-loop -- members poll in turn
        for (const member of this.#members) await this.#poll(member);
      }
    }
  }

  get held(): string[] {
    return this.#members.flatMap(({ consumer }) => consumer.assignment().map(keyOf)).sort();
  }

  get existing(): string[] {
    const all = [...this.#partitions].flatMap(([topic, partitions]) =>
      Array.from({ length: partitions }, (_, partition) => keyOf({ topic, partition })),
    );
    return all.sort();
  }

  get sent(): Map<string, number[]> {
    return new Map(
      [...this.#sent].map(([key, count]) => [key, Array.from({ length: count }, (_, i) => i)]),
    );
  }

  async close(): Promise<void> {
    await this.#env.run(this.#engine.close());
  }

  async #poll(member: Member): Promise<void> {
    const seen = (at: TopicPartition, offset: number): void => {
      const list = this.seen.get(keyOf(at));
      if (list === undefined) this.seen.set(keyOf(at), [offset]);
      else list.push(offset);
    };
    await this.#env.run(member.poll(seen));
  }

  async #produce(pick: number): Promise<void> {
    const existing = [...this.#partitions];
    const [topic, partitions] = existing[pick % Math.max(1, existing.length)] ?? [];
    if (topic === undefined || partitions === undefined) return;
    const producer = this.#engine.producer();
    await this.#env.run(producer.init());
    const partition = pick % partitions;
    const value = Buffer.from('value');
    const now = this.#env.clock.now();
    for (let i = 0; i <= pick % 4; i++)
      producer.topic(topic).append(partition, now, null, 0, 0, value, 0, value.length, []);
    await this.#env.run(producer.close());
    const key = keyOf({ topic, partition });
    this.#sent.set(key, (this.#sent.get(key) ?? 0) + 1 + (pick % 4));
  }

  async #restart(): Promise<void> {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (const { consumer } of this.#members) await this.#env.run(consumer.close());
    this.#members = [];
    await this.#env.run(this.#engine.close());
    await this.open();
  }

  async #crash(): Promise<void> {
    const { files, clock } = this.#env;
    files.crash();
    this.#members = [];
    this.#env = new SimulatedEnv({ files, startMs: clock.now(), seed: ++this.#boots });
    await this.open();
  }
}

async function live(life: Life): Promise<World> {
  const world = new World(life);
  await world.open();
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (const pick of [3, 3, 1]) await world.grow(pick);
  for (let pick = 1; pick <= life.members; pick++) world.join(pick);
  for (const step of life.steps) {
    /* oxlint-disable no-await-in-loop -- steps follow each other */
    await world.run(step);
    await world.noteOwners();
    /* oxlint-enable no-await-in-loop */
  }
  await world.settle();
  return world;
}

const seed = process.env['FC_SEED'];
const runs = {
  numRuns: Number(process.env['FC_RUNS'] ?? 60),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
};

it('whoever commits what he gives up hands nothing out twice, and nothing is missing', async () => {
  await fc.assert(
    fc.asyncProperty(lives(WELL_BEHAVED), async (life) => {
      const world = await live(life);
      expect(world.heldTwice).toEqual([]);
      expect(world.held).toEqual(world.existing);
      await world.close();
      expect(world.seen).toEqual(world.sent);
    }),
    runs,
  );
}, 60_000);

it('whatever happens to members and to the machine, every record is handed out', async () => {
  await fc.assert(
    fc.asyncProperty(lives(ANYHOW), async (life) => {
      const world = await live(life);
      expect(world.heldTwice).toEqual([]);
      expect(world.held).toEqual(world.existing);
      await world.close();
      for (const [key, offsets] of world.sent)
        expect([...new Set(world.seen.get(key))].sort((a, b) => a - b)).toEqual(offsets);
    }),
    runs,
  );
}, 60_000);
