/**
 * Random members that join, poll, close, fall silent and see topics appear. At every moment no partition is in the
 * hands of two members of one generation; when the group comes to rest, every partition is in exactly one hand.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import type { LogConsumer } from '../../../src/log/client.js';
import { memoryEngine } from '../../../src/log/engine/engine.js';

const MAX_POLL_INTERVAL_MS = 1000;

const step = fc.record({
  do: fc.oneof(
    { weight: 10, arbitrary: fc.constant('poll' as const) },
    { weight: 3, arbitrary: fc.constantFrom('join' as const, 'close' as const) },
    { weight: 1, arbitrary: fc.constantFrom('topic' as const, 'silence' as const) },
  ),
  member: fc.nat(4),
});

class GroupWorld {
  readonly env = new SimulatedEnv();
  readonly engine = memoryEngine({ env: this.env });
  members: LogConsumer[] = [];
  partitions = 0;
  #topics = 0;

  async topic(): Promise<void> {
    if (this.#topics === 3) return;
    const partitions = this.#topics + 2;
    const topic = `t${this.#topics++}`;
    this.partitions += partitions;
    await this.env.run(this.engine.admin().createTopics([{ topic, partitions }]));
  }

  join(): void {
    if (this.members.length === 5) return;
    const consumer = this.engine.consumer({
      groupId: 'g',
      maxPollIntervalMs: MAX_POLL_INTERVAL_MS,
    });
    consumer.subscribe(['t0', 't1', 't2']);
    this.members.push(consumer);
  }

  async run(one: {
    readonly do: 'poll' | 'join' | 'close' | 'topic' | 'silence';
    readonly member: number;
  }): Promise<void> {
    const consumer = this.members[one.member % Math.max(1, this.members.length)];
    if (one.do === 'join') this.join();
    else if (one.do === 'topic') await this.topic();
    else if (one.do === 'silence') this.env.advance(MAX_POLL_INTERVAL_MS + 1);
    else if (consumer === undefined) return;
    else if (one.do === 'poll') await this.env.run(consumer.poll(0));
    else {
      await this.env.run(consumer.close());
      this.members = this.members.filter((other) => other !== consumer);
    }
  }

  /** Partitions held by members of each generation. */
  held(): Map<number, string[]> {
    const byGeneration = new Map<number, string[]>();
    for (const member of this.members) {
      const { generationId } = member.groupMetadata();
      const held = byGeneration.get(generationId) ?? [];
      for (const { topic, partition } of member.assignment()) held.push(`${topic}-${partition}`);
      byGeneration.set(generationId, held);
    }
    return byGeneration;
  }
}

it('a partition never has two owners, and at rest it has one', async () => {
  const seed = process.env['FC_SEED'];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const world = new GroupWorld();
      await world.topic();
      world.join();
      for (const one of steps) {
        // oxlint-disable-next-line no-await-in-loop -- steps follow each other
        await world.run(one);
        for (const held of world.held().values()) expect(new Set(held).size).toBe(held.length);
      }
      world.join();
      for (let round = 0; round < 4; round++) {
        for (const member of world.members) {
          // oxlint-disable-next-line no-await-in-loop -- members poll in turn
          await world.env.run(member.poll(0));
        }
      }
      const held = world.held();
      expect(held.size).toBe(1);
      expect(new Set([...held.values()].flat()).size).toBe(world.partitions);
      expect([...held.values()].flat().length).toBe(world.partitions);
      await world.env.run(world.engine.close());
    }),
    { numRuns: 100, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  );
});

it('a group takes 1000 members, the next one is told, and gets in when another leaves', async () => {
  const env = new SimulatedEnv();
  const engine = memoryEngine({ env });
  await env.run(engine.admin().createTopics([{ topic: 't0', partitions: 1 }]));
  const join = (): LogConsumer => {
    const consumer = engine.consumer({ groupId: 'g' });
    consumer.subscribe(['t0']);
    return consumer;
  };
  const members = Array.from({ length: 1000 }, join);
  // oxlint-disable-next-line no-await-in-loop -- members poll in turn
  for (const member of members) await env.run(member.poll(0));
  const one = join();
  await expect(env.run(one.poll(0))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  await env.run(members[0]!.close());
  expect(await env.run(one.poll(0))).toEqual([]);
  await env.run(engine.close());
});

it.each(['range', 'cooperative-sticky'] as const)(
  '%s: what a listener throws comes out of poll, and the partitions change hands all the same',
  async (assignor) => {
    const env = new SimulatedEnv();
    const engine = memoryEngine({ env });
    await env.run(engine.admin().createTopics([{ topic: 't0', partitions: 2 }]));
    const calls: string[] = [];
    const failing = engine.consumer({ groupId: 'g', assignor });
    failing.subscribe(['t0'], {
      onPartitionsAssigned: () => void calls.push('assigned'),
      onPartitionsRevoked: () => {
        calls.push('revoked');
        throw new Error('of the caller');
      },
    });
    const other = engine.consumer({ groupId: 'g', assignor });
    await env.run(failing.poll(0));
    other.subscribe(['t0']);
    await env.run(other.poll(0));
    await expect(env.run(failing.poll(0))).rejects.toThrow('of the caller');
    for (let round = 0; round < 4; round++) {
      // oxlint-disable-next-line no-await-in-loop -- members poll in turn
      for (const one of [other, failing]) await env.run(one.poll(0));
    }
    const held = [failing, other].map((one) => one.assignment().length);
    expect(held).toEqual([1, 1]);
    expect(calls.filter((call) => call === 'revoked').length).toBe(1);
    await expect(env.run(failing.close())).rejects.toThrow('of the caller');
    await env.run(other.poll(0));
    await env.run(other.poll(0));
    expect(other.assignment().length).toBe(2);
    await env.run(engine.close());
  },
);
