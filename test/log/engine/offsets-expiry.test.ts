/** Committed offsets are forgotten by Kafka's rules (KIP-211), on virtual time, and stay forgotten or kept over restarts and crashes. */
import { expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { DEFAULT_SETTINGS } from '../../../src/log/engine/engine-options.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import type { LogConsumer } from '../../../src/log/client.js';

const DAY = 86_400_000;
const A0 = { topic: 'a', partition: 0 };
const at = (topic: string, offset = 0) => ({ topic, partition: 0, offset, metadata: '' });

class World {
  env = new SimulatedEnv();
  engine!: LogEngine;
  readonly lines: string[] = [];

  async open(): Promise<this> {
    const logger = {
      info: (line: string) => this.lines.push(line),
      warn: () => undefined,
      error: () => undefined,
    };
    const storage = openJournalStorage({ directory: '/log', env: this.env, thread: 'inline' });
    this.engine = await this.env.run(
      openEngine({
        storage,
        env: this.env,
        features: { durable: true },
        settings: DEFAULT_SETTINGS,
        logger,
      }),
    );
    return this;
  }

  /** The machine loses power and starts again at the same time of day. */
  async crash(): Promise<void> {
    const { files, clock } = this.env;
    files.crash();
    this.env = new SimulatedEnv({ files, startMs: clock.now() });
    await this.open();
  }

  async restart(): Promise<void> {
    await this.env.run(this.engine.close());
    await this.open();
  }

  async topics(...names: string[]): Promise<void> {
    const made = names.map((topic) => ({ topic, partitions: 1 }));
    await this.env.run(this.engine.admin().createTopics(made));
  }

  async member(topics: string[] = ['a']): Promise<LogConsumer> {
    const consumer = this.engine.consumer({
      groupId: 'g',
      maxPollIntervalMs: Number.POSITIVE_INFINITY,
    });
    consumer.subscribe(topics);
    await this.env.run(consumer.poll(0));
    return consumer;
  }

  async pass(ms: number): Promise<void> {
    this.env.advance(ms);
    await this.env.settle();
  }

  offsets(groupId = 'g'): Promise<string[]> {
    return this.engine
      .admin()
      .committedOffsets(groupId)
      .then((list) => list.map(({ topic, offset }) => `${topic} ${offset}`));
  }

  commit(consumer: LogConsumer, ...offsets: ReturnType<typeof at>[]): Promise<void> {
    return this.env.run(consumer.commit(offsets));
  }
}

async function world(...topics: string[]): Promise<World> {
  const made = await new World().open();
  await made.topics(...topics);
  return made;
}

it('offsets of a group with members stay for ever; they go seven days after the last member went', async () => {
  const here = await world('a');
  const member = await here.member();
  await here.commit(member, at('a'));
  await here.pass(30 * DAY);
  expect(await here.offsets()).toEqual(['a 0']);
  await here.env.run(member.close());
  await here.pass(7 * DAY - 1000);
  expect(await here.offsets()).toEqual(['a 0']);
  await here.pass(11 * 60_000);
  expect(await here.offsets()).toEqual([]);
  expect(await here.engine.admin().listGroups()).toEqual([]);
  expect(here.lines.at(-1)).toMatch(/group 'g'.*1 committed offset\./);
});

it('a clock that jumps years ahead and is set right again forgets nothing', async () => {
  const here = await world('a');
  const member = await here.member();
  await here.commit(member, at('a'));
  await here.env.run(member.close());
  await here.restart();
  here.env.clock.jump(3650 * DAY);
  await here.pass(20 * 60_000);
  here.env.clock.jump(-3650 * DAY);
  await here.pass(20 * 60_000);
  expect(await here.offsets()).toEqual(['a 0']);
});

it('what no member of a stable group reads any more goes by the age of its commit', async () => {
  const here = await world('a', 'b');
  const member = await here.member(['a', 'b']);
  await here.commit(member, at('a'), at('b'));
  member.subscribe(['a']);
  await here.env.run(member.poll(0));
  await here.pass(8 * DAY);
  expect(await here.offsets()).toEqual(['a 0']);
});

it('offsets of a simple consumer go by the age of each commit', async () => {
  const here = await world('a', 'b');
  const consumer = here.engine.consumer({ groupId: 'g' });
  consumer.assign([A0, { topic: 'b', partition: 0 }]);
  await here.commit(consumer, at('a'), at('b'));
  await here.pass(4 * DAY);
  await here.commit(consumer, at('b'));
  await here.pass(4 * DAY);
  expect(await here.offsets()).toEqual(['b 0']);
  await here.pass(4 * DAY);
  expect(await here.offsets()).toEqual([]);
});

it('since when a group is empty survives a restart, and what was forgotten stays so', async () => {
  const here = await world('a');
  const member = await here.member();
  await here.commit(member, at('a', 0));
  await here.pass(10 * DAY);
  // Closed with a member in it: the group is empty from here on.
  await here.restart();
  await here.pass(6 * DAY);
  await here.restart();
  expect(await here.offsets()).toEqual(['a 0']);
  await here.pass(1.1 * DAY);
  expect(await here.offsets()).toEqual([]);
  await here.crash();
  expect(await here.offsets()).toEqual([]);
});

it('after a crash the time begins anew, because nobody knows when the members went', async () => {
  const here = await world('a');
  const member = await here.member();
  await here.commit(member, at('a'));
  await here.pass(10 * DAY);
  await here.crash();
  await here.pass(6.9 * DAY);
  expect(await here.offsets()).toEqual(['a 0']);
  await here.pass(0.2 * DAY);
  expect(await here.offsets()).toEqual([]);
});

it('an offset that an open transaction is about to commit is kept', async () => {
  const here = await world('a');
  const consumer = here.engine.consumer({ groupId: 'g' });
  consumer.assign([A0]);
  await here.commit(consumer, at('a', 0));
  const producer = here.engine.producer({
    transactionalId: 't',
    transactionTimeoutMs: Number.POSITIVE_INFINITY,
  });
  await here.env.run(producer.init());
  producer.begin();
  producer.sendOffsets([at('a', 5)], consumer.groupMetadata());
  await here.pass(20 * DAY);
  expect(await here.offsets()).toEqual(['a 0']);
  expect(await here.env.run(producer.commit())).toEqual({ outcome: 'committed' });
  expect(await here.offsets()).toEqual(['a 5']);
  await here.pass(8 * DAY);
  expect(await here.offsets()).toEqual([]);
});

it('offsets set, forgotten and deleted by an operator are so after a crash', async () => {
  const here = await world('a', 'b');
  const admin = here.engine.admin();
  await here.env.run(admin.alterGroupOffsets('g', [at('a', 3), at('b', 4)]));
  await here.env.run(admin.alterGroupOffsets('h', [at('a', 1)]));
  await here.env.run(admin.deleteGroupOffsets('g', [A0]));
  await here.env.run(admin.deleteGroups(['h']));
  await here.crash();
  expect(await here.offsets()).toEqual(['b 4']);
  expect(await here.engine.admin().listGroups()).toEqual(['g']);
  await here.env.run(here.engine.admin().deleteTopics(['b']));
  await here.crash();
  expect(await here.engine.admin().listGroups()).toEqual([]);
});
