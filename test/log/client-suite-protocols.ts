/** The part of the ports' suite about how groups share out: assignors, cooperative rebalances, patterns, static members. */
import { expect, it } from 'vitest';
import type { LogConsumer, LogConsumerOptions, RebalanceListener } from '../../src/log/client.js';
import { Diary, LossDiary, member, names, settle } from './client-suite-members.js';
import { recordsOf, values, type Bench } from './client-suite-records.js';

const A0 = { topic: 'a', partition: 0 };
const COOPERATIVE: LogConsumerOptions = { assignor: 'cooperative-sticky' };

const shares = (...members: LogConsumer[]): string[] =>
  members.map((one) => names(one.assignment())).sort();

export function describeProtocols(bench: () => Bench): void {
  it.each(['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const)(
    'a group shares out by %s, and a member that comes and goes changes nothing for good',
    async (assignor) => {
      await bench().topic('a', 4);
      const [one, two] = [0, 1].map(() => member(bench, ['a'], undefined, { assignor }));
      await settle(bench, one!, two!);
      const before = shares(one!, two!);
      expect(before.map((share) => share.split(' ').length)).toEqual([2, 2]);
      const three = member(bench, ['a'], undefined, { assignor });
      await settle(bench, one!, two!, three);
      const all = shares(one!, two!, three).flatMap((share) => share.split(' '));
      expect(all.sort()).toEqual(['a0', 'a1', 'a2', 'a3']);
      await bench().run(three.close());
      await settle(bench, one!, two!);
      expect(shares(one!, two!).flatMap((share) => share.split(' ')).length).toBe(4);
      const [group] = await bench().client.admin().describeGroups(['g']);
      expect(group).toMatchObject({ state: 'Stable', assignor });
    },
  );

  it('a member that names another assignor is refused, and the others go on', async () => {
    await bench().topic('a', 2);
    const one = member(bench, ['a'], undefined, { assignor: 'sticky' });
    await settle(bench, one);
    const two = member(bench, ['a'], undefined, { assignor: 'roundrobin' });
    await expect(bench().run(two.poll(0))).rejects.toMatchObject({
      code: 'INCONSISTENT_GROUP_PROTOCOL',
      message: expect.stringContaining("'sticky'"),
    });
    await settle(bench, one);
    expect(names(one.assignment())).toBe('a0 a1');
    await bench().run(one.close());
    await settle(bench, two);
    expect(names(two.assignment())).toBe('a0 a1');
  });

  it('a cooperative rebalance takes only what moves, and the rest is read on meanwhile', async () => {
    await bench().topic('a', 4);
    const [first, second] = [new Diary(), new Diary()];
    const one = member(bench, ['a'], first, COOPERATIVE);
    await settle(bench, one);
    const two = member(bench, ['a'], second, COOPERATIVE);
    await bench().run(two.poll(0));
    await bench().produce('a', 'meanwhile');
    // The group waits for nobody's partitions: `one` joins again and reads in the same poll.
    expect(values(recordsOf(await bench().run(one.poll(0))))).toEqual(['meanwhile']);
    await bench().run(one.commit([{ ...A0, offset: 1, metadata: '' }]));
    await settle(bench, one, two);
    expect(first.lines[0]).toBe('+a0 a1 a2 a3');
    expect(first.lines[1]).toMatch(/^-a\d a\d$/);
    expect(first.lines.filter((line) => line.startsWith('-')).length).toBe(1);
    expect(second.lines.filter((line) => line.length > 1)).toEqual([`+${names(two.assignment())}`]);
    expect(`-${names(two.assignment())}`).toBe(first.lines[1]);
    expect(one.groupMetadata().generationId).toBe(two.groupMetadata().generationId);
  });

  it('a cooperative member gets nothing that another one still holds', async () => {
    await bench().topic('a', 6);
    const one = member(bench, ['a'], undefined, COOPERATIVE);
    const two = member(bench, ['a'], undefined, COOPERATIVE);
    await settle(bench, one, two);
    const three = member(bench, ['a'], undefined, COOPERATIVE);
    // The group is complete when `two` has joined; `one` does not know yet that it has to give something up.
    for (const each of [three, one, two, three]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await bench().run(each.poll(0));
      const held = [one, two, three].flatMap((other) => names(other.assignment()).split(' '));
      const partitions = held.filter((name) => name !== '');
      expect(new Set(partitions).size).toBe(partitions.length);
    }
    await settle(bench, one, two, three);
    expect(shares(one, two, three).map((share) => share.length)).toEqual([5, 5, 5]);
  });

  it('what a cooperative member gives up can be committed in the callback', async () => {
    await bench().topic('a', 2);
    const one: LogConsumer = member(
      bench,
      ['a'],
      {
        onPartitionsAssigned: () => undefined,
        onPartitionsRevoked: (partitions) =>
          one.commit(partitions.map((at) => ({ ...at, offset: 7, metadata: 'given up' }))),
      },
      COOPERATIVE,
    );
    await settle(bench, one);
    const two = member(bench, ['a'], undefined, COOPERATIVE);
    await settle(bench, one, two);
    expect(await two.committed(two.assignment())).toEqual([{ offset: 7, metadata: 'given up' }]);
    const [at] = two.assignment();
    expect(await two.position(at!)).toBe(0); // 7 is not in the log: reset to earliest
  });

  it('a cooperative member that has not taken its part yet is told to poll and commit again', async () => {
    await bench().topic('a', 2);
    const one = member(bench, ['a'], undefined, COOPERATIVE);
    await settle(bench, one);
    const two = member(bench, ['a'], undefined, COOPERATIVE);
    await bench().run(two.poll(0));
    await bench().run(one.poll(0));
    await bench().run(two.poll(0));
    const three = member(bench, ['a'], undefined, COOPERATIVE);
    await bench().run(three.poll(0));
    await bench().run(one.poll(0));
    const held = one.assignment()[0]!;
    const commit = () => bench().run(one.commit([{ ...held, offset: 0, metadata: '' }]));
    await bench().run(two.poll(0));
    await expect(commit()).rejects.toMatchObject({ code: 'REBALANCE_IN_PROGRESS' });
    await settle(bench, one, two, three);
    if (one.assignment().some(({ partition }) => partition === held.partition)) await commit();
  });

  it.each(['closes', 'unsubscribes'] as const)(
    'a cooperative member that %s before it takes its part can still commit what it gives up',
    async (way) => {
      await bench().topic('a', 2);
      const listener: RebalanceListener = {
        onPartitionsAssigned: () => undefined,
        onPartitionsRevoked: (partitions) =>
          one.commit(partitions.map((at) => ({ ...at, offset: 0, metadata: 'given up' }))),
      };
      const one = member(bench, ['a'], listener, COOPERATIVE);
      await settle(bench, one);
      const [two, three] = [0, 1].map(() => member(bench, ['a'], undefined, COOPERATIVE));
      await bench().run(two!.poll(0));
      await bench().run(one.poll(0));
      await bench().run(two!.poll(0));
      await bench().run(three!.poll(0));
      await bench().run(one.poll(0));
      const held = one.assignment();
      expect(held.length).toBeGreaterThan(0);
      await bench().run(two!.poll(0));
      if (way === 'closes') await bench().run(one.close());
      else {
        one.subscribe([], listener);
        await bench().run(one.poll(0));
      }
      const expected = held.map(() => ({ offset: 0, metadata: 'given up' }));
      expect(await two!.committed(held)).toEqual(expected);
    },
  );

  it('a cooperative member gives up what it does not want any more, or what is gone', async () => {
    await bench().topic('a');
    await bench().topic('b');
    const diary = new Diary();
    const one = member(bench, ['a', 'b'], diary, COOPERATIVE);
    await settle(bench, one);
    one.subscribe(['b'], diary);
    await settle(bench, one);
    expect(diary.lines.slice(0, 2)).toEqual(['+a0 b0', '-a0']);
    expect(names(one.assignment())).toBe('b0');
    await bench().run(bench().client.admin().deleteTopics(['b']));
    await bench().topic('b', 2);
    await bench().produce('b', 'new');
    const records = [];
    for (let i = 0; i < 3; i++)
      // oxlint-disable-next-line no-await-in-loop -- one poll after the other
      records.push(...recordsOf(await bench().run(one.poll(0))));
    expect(values(records)).toEqual(['new']);
    expect(names(one.assignment())).toBe('b0 b1');
  });

  it('a pattern takes every topic whose whole name it matches, also those that come later', async () => {
    await bench().topic('order-eu');
    await bench().topic('reorder-eu');
    const one = member(bench, /order-.+/g);
    await settle(bench, one);
    expect(names(one.assignment())).toBe('order-eu0');
    await bench().topic('order-us', 2);
    await bench().topic('orders');
    await settle(bench, one);
    expect(names(one.assignment())).toBe('order-eu0 order-us0 order-us1');
    await bench().run(bench().client.admin().deleteTopics(['order-eu']));
    await settle(bench, one);
    expect(names(one.assignment())).toBe('order-us0 order-us1');
  });

  it('added partitions are given out', async () => {
    await bench().topic('a');
    const [one, two] = [member(bench, ['a']), member(bench, ['a'])];
    await settle(bench, one, two);
    await bench().run(
      bench()
        .client.admin()
        .createPartitions([{ topic: 'a', partitions: 4 }]),
    );
    await settle(bench, one, two);
    expect(shares(one, two)).toEqual(['a0 a1', 'a2 a3']);
  });

  it.each(['range', 'cooperative-sticky'] as const)(
    '%s: partitions of a member that did not poll are lost, not given up',
    async (assignor) => {
      await bench().topic('a', 2);
      const diary = new LossDiary();
      const slow = member(bench, ['a'], diary, { assignor, maxPollIntervalMs: 1000 });
      await settle(bench, slow);
      await bench().harness.advance(1500);
      const quick = member(bench, ['a'], undefined, { assignor });
      await settle(bench, quick);
      expect(names(quick.assignment())).toBe('a0 a1');
      await settle(bench, slow, quick);
      expect(diary.lines.slice(0, 2)).toEqual(['+a0 a1', 'lost a0 a1']);
      expect(shares(slow, quick)).toEqual(['a0', 'a1']);
    },
  );
}

export function describeStaticMembers(bench: () => Bench): void {
  const fixed = (
    groupInstanceId: string,
    options: LogConsumerOptions = {},
  ): LogConsumerOptions => ({
    groupInstanceId,
    maxPollIntervalMs: 10_000,
    ...options,
  });

  it.each(['range', 'cooperative-sticky'] as const)(
    '%s: a static member that restarts in time gets its partitions back without a rebalance',
    async (assignor) => {
      await bench().topic('a', 4);
      const diary = new Diary();
      const other = member(bench, ['a'], diary, fixed('x', { assignor }));
      const one = member(bench, ['a'], undefined, fixed('y', { assignor }));
      await settle(bench, other, one);
      const before = { share: names(one.assignment()), lines: [...diary.lines] };
      const { generationId, memberId } = one.groupMetadata();
      await bench().run(one.close());
      await settle(bench, other);
      const again = member(bench, ['a'], undefined, fixed('y', { assignor }));
      await settle(bench, again, other);
      expect(names(again.assignment())).toBe(before.share);
      expect(again.groupMetadata()).toMatchObject({ generationId, groupInstanceId: 'y' });
      expect(again.groupMetadata().memberId).not.toBe(memberId);
      expect(diary.lines).toEqual(before.lines);
    },
  );

  it('a static member that stays away loses its partitions', async () => {
    await bench().topic('a', 2);
    const [one, two] = ['x', 'y'].map((id) => member(bench, ['a'], undefined, fixed(id)));
    await settle(bench, one!, two!);
    await bench().run(two!.close());
    await settle(bench, one!);
    expect(one!.assignment().length).toBe(1);
    const [group] = await bench().client.admin().describeGroups(['g']);
    expect(group?.members.map(({ groupInstanceId }) => groupInstanceId).sort()).toEqual(['x', 'y']);
    await bench().harness.advance(6000);
    await settle(bench, one!);
    await bench().harness.advance(6000);
    await settle(bench, one!);
    expect(names(one!.assignment())).toBe('a0 a1');
  });

  it('a static member that comes back with another subscription causes a rebalance', async () => {
    await bench().topic('a', 2);
    await bench().topic('b', 2);
    const [one, two] = ['x', 'y'].map((id) => member(bench, ['a'], undefined, fixed(id)));
    await settle(bench, one!, two!);
    await bench().run(two!.close());
    const again = member(bench, ['a', 'b'], undefined, fixed('y'));
    await settle(bench, one!, again);
    expect(shares(one!, again)).toEqual(['a0', 'a1 b0 b1']);
  });

  it('a static member that goes while it has to give something up leaves nothing to nobody', async () => {
    await bench().topic('a', 6);
    const one = member(bench, ['a'], undefined, fixed('x', COOPERATIVE));
    const two = member(bench, ['a'], undefined, COOPERATIVE);
    await settle(bench, one, two);
    const three = member(bench, ['a'], undefined, COOPERATIVE);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (const each of [three, one, two]) await bench().run(each.poll(0));
    await bench().run(one.close());
    const again = member(bench, ['a'], undefined, fixed('x', COOPERATIVE));
    await settle(bench, again, two, three);
    const held = shares(again, two, three).flatMap((share) => share.split(' '));
    expect(held.sort()).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
  });

  it('a second consumer with the same instance id fences the first one for good', async () => {
    await bench().topic('a');
    const diary = new LossDiary();
    const older = member(bench, ['a'], diary, fixed('x'));
    await settle(bench, older);
    const newer = member(bench, ['a'], undefined, fixed('x'));
    await settle(bench, newer);
    const fenced = { code: 'FENCED_INSTANCE_ID', message: expect.stringContaining("'x'") };
    const offsets = [{ ...A0, offset: 0, metadata: '' }];
    await expect(bench().run(older.commit(offsets))).rejects.toMatchObject(fenced);
    await expect(bench().run(older.poll(0))).rejects.toMatchObject(fenced);
    await expect(bench().run(older.poll(0))).rejects.toMatchObject(fenced);
    expect(diary.lines).toEqual(['+a0', 'lost a0']);
    await bench().run(newer.commit(offsets));
    await bench().run(older.close());
    await settle(bench, newer);
    expect(names(newer.assignment())).toBe('a0');
  });

  it('instance ids follow the rules for names, and need a group', () => {
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    for (const groupInstanceId of ['', '..', 'a b', 'x'.repeat(250)])
      expect(() => bench().client.consumer({ groupId: 'g', groupInstanceId })).toThrowError(
        invalid,
      );
    expect(() => bench().client.consumer({ groupInstanceId: 'x' })).toThrowError(invalid);
  });
}
