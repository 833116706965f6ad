/** The part of the ports' suite about groups: membership, generations, committed offsets, rebalance listeners. */
import { expect, it } from 'vitest';
import type { LogConsumer } from '../../src/log/client.js';
import { describeGroupAdmin } from './client-suite-group-admin.js';
import { Diary, member, names, settle } from './client-suite-members.js';
import { describeProtocols, describeStaticMembers } from './client-suite-protocols.js';
import { recordsOf, send, values, type Bench } from './client-suite-records.js';

const A0 = { topic: 'a', partition: 0 };

export function describeGroups(bench: () => Bench): void {
  describeMembership(bench);
  describeCommits(bench);
  describeProtocols(bench);
  describeStaticMembers(bench);
  describeGroupAdmin(bench);
}

function describeMembership(bench: () => Bench): void {
  it('one member gets every partition and reads', async () => {
    await bench().topic('a', 2);
    await bench().produce('a', 'x');
    const diary = new Diary();
    const consumer = member(bench, ['a'], diary);
    expect(values(recordsOf(await bench().run(consumer.poll(1000))))).toEqual(['x']);
    expect(diary.lines).toEqual(['+a0 a1']);
    expect(consumer.groupMetadata()).toMatchObject({ groupId: 'g', generationId: 1 });
    expect(await bench().client.admin().listGroups()).toEqual(['g']);
  });

  it('two members share by ranges, co-partitioned, and take over when one closes', async () => {
    await bench().topic('a', 3);
    await bench().topic('b', 3);
    const [first, second] = [new Diary(), new Diary()];
    const one = member(bench, ['a', 'b'], first);
    await settle(bench, one);
    const two = member(bench, ['a', 'b'], second);
    await settle(bench, one, two);
    const shares = [names(one.assignment()), names(two.assignment())].sort();
    expect(shares).toEqual(['a0 a1 b0 b1', 'a2 b2']);
    expect(one.groupMetadata().generationId).toBe(two.groupMetadata().generationId);
    expect(first.lines.slice(0, 2)).toEqual(['+a0 a1 a2 b0 b1 b2', '-a0 a1 a2 b0 b1 b2']);
    await bench().run(two.close());
    await settle(bench, one);
    expect(names(one.assignment())).toBe('a0 a1 a2 b0 b1 b2');
  });

  it('a member that did not take its share yet does not hold up the next rebalance', async () => {
    await bench().topic('a', 3);
    const members = [member(bench, ['a'])];
    await settle(bench, ...members);
    members.push(member(bench, ['a']));
    await bench().run(members[1]!.poll(0));
    await bench().run(members[0]!.poll(0));
    members.push(member(bench, ['a']));
    await bench().run(members[2]!.poll(0));
    await settle(bench, ...members);
    expect(members.map((one) => names(one.assignment())).sort()).toEqual(['a0', 'a1', 'a2']);
    expect(new Set(members.map((one) => one.groupMetadata().generationId)).size).toBe(1);
  });

  it('a waiting member is woken to rebalance', async () => {
    await bench().topic('a', 2);
    const one = member(bench, ['a']);
    await settle(bench, one);
    const waiting = one.poll(60_000);
    const two = member(bench, ['a']);
    await settle(bench, two);
    one.wakeup();
    await bench().run(waiting);
    await settle(bench, one, two);
    expect([names(one.assignment()), names(two.assignment())].sort()).toEqual(['a0', 'a1']);
  });

  it('a topic created later is given out', async () => {
    await bench().topic('a');
    const consumer = member(bench, ['a', 'later']);
    await settle(bench, consumer);
    expect(names(consumer.assignment())).toBe('a0');
    await bench().topic('later', 2);
    await settle(bench, consumer);
    expect(names(consumer.assignment())).toBe('a0 later0 later1');
    await bench().run(bench().client.admin().deleteTopics(['a']));
    await settle(bench, consumer);
    expect(names(consumer.assignment())).toBe('later0 later1');
  });

  it('a member that does not poll loses its partitions and may come back', async () => {
    await bench().topic('a', 2);
    const diary = new Diary();
    const slow = member(bench, ['a'], diary, { maxPollIntervalMs: 1000 });
    const quick = member(bench, ['a']);
    await settle(bench, slow, quick);
    const before = slow.groupMetadata();
    await bench().harness.advance(1500);
    await settle(bench, quick);
    expect(names(quick.assignment())).toBe('a0 a1');
    await expect(
      bench().run(slow.commit([{ ...A0, offset: 0, metadata: '' }])),
    ).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER' });
    await settle(bench, slow, quick);
    expect(slow.groupMetadata().memberId).not.toBe(before.memberId);
    expect([names(slow.assignment()), names(quick.assignment())].sort()).toEqual(['a0', 'a1']);
    expect(diary.lines.filter((line) => line.startsWith('-')).length).toBeGreaterThan(0);
  });

  it('a subscription to nothing gives up what there is and leaves, until the next one', async () => {
    await bench().topic('a', 2);
    const diary = new Diary();
    const one = member(bench, ['a'], diary);
    const two = member(bench, ['a']);
    await settle(bench, one, two);
    const lines = diary.lines.length;
    one.subscribe([], diary);
    await settle(bench, one, two);
    expect([names(one.assignment()), names(two.assignment())]).toEqual(['', 'a0 a1']);
    expect(diary.lines.slice(lines)).toEqual([expect.stringMatching(/^-a\d$/)]);
    const [group] = await bench().client.admin().describeGroups(['g']);
    expect(group?.members.length).toBe(1);
    one.subscribe(['a'], diary);
    await settle(bench, one, two);
    expect([names(one.assignment()), names(two.assignment())].sort()).toEqual(['a0', 'a1']);
  });

  it('manual assignment and subscription do not mix, and a subscription needs a group', async () => {
    await bench().topic('a');
    const invalid = expect.objectContaining({ code: 'INVALID_STATE' });
    const subscribed = member(bench, ['a']);
    expect(() => subscribed.assign([A0])).toThrowError(invalid);
    const assigned = bench().reader('a', { groupId: 'g' });
    expect(() => assigned.subscribe(['a'])).toThrowError(invalid);
    expect(() => bench().client.consumer().subscribe(['a'])).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
}

function describeCommits(bench: () => Bench): void {
  it('a member that takes over goes on at the committed offset', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2');
    const one = member(bench, ['a']);
    await bench().run(one.poll(1000));
    await bench().run(one.commit([{ ...A0, offset: 2, metadata: 'half' }]));
    await bench().run(one.close());
    const two = member(bench, ['a']);
    expect(values(recordsOf(await bench().run(two.poll(1000))))).toEqual(['2']);
    expect(await two.committed([A0])).toEqual([{ offset: 2, metadata: 'half' }]);
  });

  it('a commit made while partitions are revoked still counts', async () => {
    await bench().topic('a', 2);
    const one: LogConsumer = member(bench, ['a'], {
      onPartitionsAssigned: () => undefined,
      onPartitionsRevoked: (partitions) =>
        one.commit(partitions.map((partition) => ({ ...partition, offset: 5, metadata: '' }))),
    });
    await settle(bench, one);
    const two = member(bench, ['a']);
    await settle(bench, one, two);
    const committed = await bench().client.admin().committedOffsets('g');
    expect(committed.map(({ offset }) => offset)).toEqual([5, 5]);
  });

  it('a member commits in the generation whose partitions it holds, not in the next one', async () => {
    await bench().topic('a', 2);
    const one = member(bench, ['a']);
    await settle(bench, one);
    const two = member(bench, ['a']);
    await bench().run(two.poll(0));
    await bench().run(one.poll(0));
    await bench().run(two.poll(0));
    const three = member(bench, ['a']);
    await bench().run(three.poll(0));
    await bench().run(one.poll(0));
    const held = one.groupMetadata();
    await bench().run(two.poll(0));
    // The group is complete in a new generation, and `one` has not polled since.
    expect(one.groupMetadata()).toEqual(held);
    await expect(
      bench().run(one.commit([{ ...A0, offset: 1, metadata: '' }])),
    ).rejects.toMatchObject({ code: 'ILLEGAL_GENERATION' });
  });

  it('a commit of an older generation is refused, in a transaction too', async () => {
    await bench().topic('a', 2);
    const one = member(bench, ['a']);
    await settle(bench, one);
    const stale = one.groupMetadata();
    const producer = await bench().transactional();
    producer.begin();
    send(producer, 'a', null, 'x');
    producer.sendOffsets([{ ...A0, offset: 1, metadata: '' }], stale);
    const two = member(bench, ['a']);
    await settle(bench, one, two);
    const illegal = expect.objectContaining({ code: 'ILLEGAL_GENERATION' });
    expect(() => producer.sendOffsets([{ ...A0, offset: 1, metadata: '' }], stale)).toThrowError(
      illegal,
    );
    await expect(bench().run(producer.commit())).rejects.toEqual(illegal);
    await bench().run(producer.abort());
    expect(await bench().client.admin().committedOffsets('g')).toEqual([]);
    expect(await bench().read('a')).toEqual([]);
  });

  it('nobody commits from outside for a group with members', async () => {
    await bench().topic('a');
    const inside = member(bench, ['a']);
    await settle(bench, inside);
    const outside = bench().reader('a', { groupId: 'g' });
    await expect(
      bench().run(outside.commit([{ ...A0, offset: 1, metadata: '' }])),
    ).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER' });
    await bench().run(inside.close());
    await bench().run(outside.commit([{ ...A0, offset: 1, metadata: '' }]));
    expect(await bench().client.admin().committedOffsets('g')).toEqual([
      { ...A0, offset: 1, metadata: '' },
    ]);
  });

  it('a topic made anew inherits no offsets', async () => {
    await bench().topic('a');
    const consumer = bench().reader('a', { groupId: 'g' });
    await bench().run(consumer.commit([{ ...A0, offset: 3, metadata: '' }]));
    await bench().run(bench().client.admin().deleteTopics(['a']));
    await bench().topic('a');
    expect(await bench().client.admin().committedOffsets('g')).toEqual([]);
    await expect(bench().run(consumer.poll(0))).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
  });
}
