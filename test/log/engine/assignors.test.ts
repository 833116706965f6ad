/**
 * Random groups (members, static and dynamic, equal and unequal subscriptions, what they held before) through the four
 * assignors. Nothing is lost, nothing is given twice or to somebody who does not want it; shares are as even as each
 * assignor promises; the sticky ones move no more than they must; the cooperative one gives nobody what another holds.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssignorName } from '../../../src/log/client.js';
import { assignorNamed } from '../../../src/log/engine/assignors.js';
import { assignRanges } from '../../../src/log/engine/range-assignor.js';
import {
  partitionKey,
  type Assignment,
  type Subscription,
} from '../../../src/log/engine/subscription.js';

const TOPICS = ['a', 'b', 'c', 'd'];
/** With equal subscriptions two rebalances are enough; otherwise what is free now may be dealt out another way. */
const ROUNDS_MAX = 3;
const seed = process.env['FC_SEED'];
const runs = { numRuns: 300, ...(seed === undefined ? {} : { seed: Number(seed) }) };

interface World {
  readonly members: readonly Subscription[];
  readonly counts: { readonly [topic: string]: number };
}

const counts = fc.record(
  Object.fromEntries(TOPICS.map((topic) => [topic, fc.nat({ max: 9 })])),
) as fc.Arbitrary<{ readonly [topic: string]: number }>;

const wanting = (topics: fc.Arbitrary<string[]>): fc.Arbitrary<Subscription[]> =>
  fc
    .array(fc.record({ topics, isStatic: fc.boolean() }), { minLength: 1, maxLength: 7 })
    .map((list) =>
      list.map(({ topics: wanted, isStatic }, i) => ({
        memberId: `m${i}`,
        topics: wanted,
        owned: [],
        ownedGeneration: -1,
        ...(isStatic ? { groupInstanceId: `i${9 - i}` } : {}),
      })),
    );

const equalWorld: fc.Arbitrary<World> = fc.record({
  counts,
  members: fc.subarray(TOPICS, { minLength: 1 }).chain((topics) => wanting(fc.constant(topics))),
});
const anyWorld: fc.Arbitrary<World> = fc.record({
  counts,
  members: wanting(fc.subarray(TOPICS)),
});

const assign = (name: AssignorName, { members, counts: of }: World): Assignment =>
  assignorNamed(name).assign(members, (topic) => of[topic] ?? 0);

const keysOf = (assignment: Assignment): string[] =>
  [...assignment.values()].flat().map(partitionKey);

function wantedKeys({ members, counts: of }: World): string[] {
  const topics = new Set(members.flatMap((member) => member.topics));
  return [...topics].flatMap((topic) =>
    Array.from({ length: of[topic] ?? 0 }, (_, partition) => `${topic}/${partition}`),
  );
}

const sizes = (assignment: Assignment): number[] => [...assignment.values()].map((at) => at.length);
const spread = (numbers: readonly number[]): number => Math.max(...numbers) - Math.min(...numbers);

/** The members as they join the next time: each holds what it was given. */
function holding(world: World, assignment: Assignment, generation = 1): World {
  const members = world.members.map((member) => ({
    ...member,
    owned: assignment.get(member.memberId) ?? [],
    ownedGeneration: generation,
  }));
  return { ...world, members };
}

/** How many partitions another member has than before. */
function moves(before: World, after: Assignment): number {
  let moved = 0;
  for (const { memberId, owned } of before.members) {
    const now = new Set(after.get(memberId)?.map(partitionKey));
    moved += owned.filter((partition) => !now.has(partitionKey(partition))).length;
  }
  return moved;
}

describe.each(['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const)('%s', (name) => {
  it('gives out everything that is wanted, once, to members that want it', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const assignment = assign(name, world);
        expect([...assignment.keys()].sort()).toEqual(
          world.members.map(({ memberId }) => memberId).sort(),
        );
        expect(keysOf(assignment).sort()).toEqual(wantedKeys(world).sort());
        for (const { memberId, topics } of world.members)
          for (const { topic } of assignment.get(memberId) ?? []) expect(topics).toContain(topic);
      }),
      runs,
    );
  });

  it('does not depend on the order in which members joined', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const reversed = { ...world, members: [...world.members].reverse() };
        const sorted = (assignment: Assignment): [string, string[]][] =>
          [...assignment]
            .map(([id, at]): [string, string[]] => [id, at.map(partitionKey).sort()])
            .sort();
        expect(sorted(assign(name, reversed))).toEqual(sorted(assign(name, world)));
      }),
      runs,
    );
  });
});

it('range: shares of one topic differ by one, and topics of equal size are co-partitioned', () => {
  fc.assert(
    fc.property(equalWorld, fc.nat({ max: 9 }), (world, size) => {
      const same = { ...world, counts: Object.fromEntries(TOPICS.map((topic) => [topic, size])) };
      const assignment = assign('range', same);
      for (const partitions of assignment.values()) {
        const byTopic = same.members[0]!.topics.map((topic) =>
          partitions.filter((at) => at.topic === topic).map(({ partition }) => partition),
        );
        for (const numbers of byTopic) expect(numbers).toEqual(byTopic[0]);
      }
      const first = same.members[0]!.topics[0];
      expect(
        spread(
          [...assignment.values()].map((at) => at.filter(({ topic }) => topic === first).length),
        ),
      ).toBeLessThanOrEqual(1);
    }),
    runs,
  );
});

it.each(['roundrobin', 'sticky', 'cooperative-sticky'] as const)(
  '%s: with equal subscriptions no member has two more than another',
  (name) => {
    fc.assert(
      fc.property(equalWorld, (world) => {
        expect(spread(sizes(assign(name, world)))).toBeLessThanOrEqual(1);
      }),
      runs,
    );
  },
);

it('sticky: no single move makes the shares more even, whatever was held before', () => {
  fc.assert(
    fc.property(anyWorld, anyWorld, fc.nat(20), (world, other, at) => {
      const before = holding(world, assign('roundrobin', world));
      const members = before.members.map(({ memberId, topics, owned, ownedGeneration }, i) => ({
        memberId,
        topics: i === at % 7 ? TOPICS : topics,
        owned,
        ownedGeneration,
      }));
      const now = { members, counts: other.counts };
      const assignment = assign('sticky', now);
      const count = (id: string): number => assignment.get(id)?.length ?? 0;
      for (const [owner, partitions] of assignment)
        for (const { topic } of partitions)
          for (const { memberId, topics } of members)
            if (topics.includes(topic))
              expect(count(owner)).toBeLessThanOrEqual(count(memberId) + 1);
    }),
    runs,
  );
});

it('sticky: nothing moves when nothing changed', () => {
  fc.assert(
    fc.property(anyWorld, (world) => {
      const held = holding(world, assign('sticky', world));
      expect(moves(held, assign('sticky', held))).toBe(0);
    }),
    runs,
  );
});

it('sticky: with equal subscriptions only what is too much is moved when members come and go', () => {
  fc.assert(
    fc.property(equalWorld, fc.nat(6), fc.boolean(), (world, at, comes) => {
      const held = holding(world, assign('sticky', world));
      const stayed = held.members.filter((_, i) => comes || held.members.length === 1 || i !== at);
      const members = comes
        ? [...stayed, { ...stayed[0]!, memberId: 'new', owned: [], ownedGeneration: -1 }]
        : stayed;
      const after = assign('sticky', { ...held, members });
      const total = wantedKeys(held).length;
      const low = Math.floor(total / members.length);
      let extra = total % members.length;
      let necessary = 0;
      for (const count of stayed.map(({ owned }) => owned.length).sort((a, b) => b - a)) {
        const mayKeep = extra > 0 && count > low ? low + 1 : low;
        if (mayKeep > low) extra--;
        necessary += Math.max(0, count - mayKeep);
      }
      expect(moves({ ...held, members: stayed }, after)).toBe(necessary);
    }),
    runs,
  );
});

it('sticky: of two members that name a partition, the one of the later generation is believed', () => {
  const owned = [{ topic: 'a', partition: 0 }];
  const member = (memberId: string, ownedGeneration: number): Subscription => ({
    memberId,
    topics: ['a'],
    owned,
    ownedGeneration,
  });
  const two = { counts: { a: 2 }, members: [member('m0', 1), member('m1', 2)] };
  expect(assign('sticky', two).get('m1')).toEqual(owned);
  const same = { counts: { a: 2 }, members: [member('m0', 2), member('m1', 2)] };
  expect(keysOf(assign('sticky', same)).sort()).toEqual(['a/0', 'a/1']);
  expect(keysOf(assign('cooperative-sticky', same))).toEqual(['a/1']);
});

it('cooperative-sticky: gives nobody what another holds, and the rebalances that follow give out the rest', () => {
  fc.assert(
    fc.property(anyWorld, anyWorld, (world, other) => {
      const before = holding(world, assign('cooperative-sticky', world));
      // Others come, some go, and the ones that stay may want something else.
      const members = other.members.map((member, i) => ({
        ...member,
        owned: before.members[i]?.owned ?? [],
        ownedGeneration: 1,
      }));
      const now = { members, counts: other.counts };
      const first = assign('cooperative-sticky', now);
      const holders = new Map(
        members.flatMap(({ memberId, owned }) =>
          owned.map((at): [string, string] => [partitionKey(at), memberId]),
        ),
      );
      for (const [memberId, partitions] of first)
        for (const at of partitions)
          expect(holders.get(partitionKey(at)) ?? memberId).toBe(memberId);
      let [held, rounds] = [first, 1];
      const wanted = wantedKeys(now).sort();
      while (keysOf(held).length < wanted.length) {
        held = assign('cooperative-sticky', holding(now, held, ++rounds));
        expect(rounds).toBeLessThanOrEqual(ROUNDS_MAX);
      }
      expect(keysOf(held).sort()).toEqual(wanted);
    }),
    runs,
  );
});

it('an unknown assignor is refused by name', () => {
  expect(() => assignorNamed('sticki' as AssignorName)).toThrowError(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('range'),
    }),
  );
});

describe('the range assignor', () => {
  const subscriber = (memberId: string, ...topics: string[]): Subscription => ({
    memberId,
    topics,
    owned: [],
    ownedGeneration: -1,
  });

  it('gives the first members one more, and topics of equal size alike', () => {
    const members = ['m2', 'm1', 'm3'].map((memberId) => subscriber(memberId, 'x', 'y'));
    const shares = assignRanges(members, () => 7);
    const of = (memberId: string) =>
      shares
        .get(memberId)
        ?.map(({ topic, partition }) => `${topic}${partition}`)
        .join(' ');
    expect(of('m1')).toBe('x0 x1 x2 y0 y1 y2');
    expect(of('m2')).toBe('x3 x4 y3 y4');
    expect(of('m3')).toBe('x5 x6 y5 y6');
  });

  it('gives a topic only to those who want it, and nothing when there are too few', () => {
    const shares = assignRanges([subscriber('a', 'x'), subscriber('b', 'x', 'y')], (topic) =>
      topic === 'x' ? 1 : 2,
    );
    expect(shares.get('a')).toEqual([{ topic: 'x', partition: 0 }]);
    expect(shares.get('b')).toEqual([
      { topic: 'y', partition: 0 },
      { topic: 'y', partition: 1 },
    ]);
  });
});
