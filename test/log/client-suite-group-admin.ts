/** The part of the ports' suite about groups from outside: described, their offsets set, forgotten, deleted; limits of commits. */
import { expect, it } from 'vitest';
import { member, settle } from './client-suite-members.js';
import { recordsOf, values, type Bench } from './client-suite-records.js';

const A0 = { topic: 'a', partition: 0 };
const A1 = { topic: 'a', partition: 1 };

export function describeGroupAdmin(bench: () => Bench): void {
  describeDescriptions(bench);
  describeOffsetChanges(bench);

  it.each(['', 'x'.repeat(32_768)])(
    'a groupId must have 1 to 32767 characters',
    async (groupId) => {
      const invalid = expect.objectContaining({ code: 'INVALID_GROUP' });
      expect(() => bench().client.consumer({ groupId })).toThrowError(invalid);
      await bench().topic('a');
      const offsets = [{ ...A0, offset: 0, metadata: '' }];
      await expect(
        bench().run(bench().client.admin().alterGroupOffsets(groupId, offsets)),
      ).rejects.toEqual(invalid);
    },
  );

  it('metadata comes back as it was, up to 4096 characters', async () => {
    await bench().topic('a');
    const consumer = bench().reader('a', { groupId: 'g' });
    const metadata = 'ä'.repeat(4096);
    await bench().run(consumer.commit([{ ...A0, offset: 1, metadata }]));
    expect(await consumer.committed([A0])).toEqual([{ offset: 1, metadata }]);
    await expect(
      bench().run(consumer.commit([{ ...A0, offset: 2, metadata: `${metadata}x` }])),
    ).rejects.toMatchObject({ code: 'OFFSET_METADATA_TOO_LARGE', where: A0 });
    expect((await consumer.committed([A0]))[0]?.offset).toBe(1);
  });
}

function describeDescriptions(bench: () => Bench): void {
  it('a group is described in every state it goes through', async () => {
    await bench().topic('a', 2);
    const admin = bench().client.admin();
    const state = async () => (await admin.describeGroups(['g']))[0]?.state;
    expect(await admin.describeGroups(['g'])).toEqual([
      { groupId: 'g', state: 'Dead', generationId: 0, assignor: '', members: [] },
    ]);
    const one = member(bench, ['a'], undefined, { clientId: 'one' });
    await settle(bench, one);
    expect(await state()).toBe('Stable');
    const two = member(bench, ['a'], undefined, { clientId: 'two', groupInstanceId: 'second' });
    await bench().run(two.poll(0));
    expect(await state()).toBe('PreparingRebalance');
    await bench().run(one.poll(0));
    expect(await state()).toBe('CompletingRebalance');
    await settle(bench, one, two);
    const [group] = await admin.describeGroups(['g']);
    expect(group).toMatchObject({ state: 'Stable', generationId: 2, assignor: 'range' });
    const members = [...(group?.members ?? [])].sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
    expect(members).toEqual([
      { memberId: one.groupMetadata().memberId, clientId: 'one', assignment: [A1] },
      {
        memberId: two.groupMetadata().memberId,
        clientId: 'two',
        groupInstanceId: 'second',
        assignment: [A0],
      },
    ]);
    await bench().run(one.commit([{ ...A1, offset: 0, metadata: '' }]));
    await bench().run(one.close());
    await bench().run(two.close());
    await bench().harness.advance(300_001);
    expect(await admin.describeGroups(['g'])).toMatchObject([
      { groupId: 'g', state: 'Empty', assignor: '', members: [] },
    ]);
    expect(await admin.listGroups()).toEqual(['g']);
  });

  it('groups of committed offsets alone are Empty, and described in the order asked for', async () => {
    await bench().topic('a');
    const admin = bench().client.admin();
    await bench().run(admin.alterGroupOffsets('h', [{ ...A0, offset: 0, metadata: '' }]));
    const groups = await admin.describeGroups(['none', 'h']);
    expect(groups.map(({ groupId, state }) => [groupId, state])).toEqual([
      ['none', 'Dead'],
      ['h', 'Empty'],
    ]);
  });
}

function describeOffsetChanges(bench: () => Bench): void {
  it('offsets are set where no members are, and the next member begins there', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2');
    const admin = bench().client.admin();
    await bench().run(admin.alterGroupOffsets('g', [{ ...A0, offset: 2, metadata: 'set' }]));
    expect(await admin.committedOffsets('g')).toEqual([{ ...A0, offset: 2, metadata: 'set' }]);
    const one = member(bench, ['a']);
    expect(values(recordsOf(await bench().run(one.poll(1000))))).toEqual(['2']);
    const change = [{ ...A0, offset: 0, metadata: '' }];
    await expect(bench().run(admin.alterGroupOffsets('g', change))).rejects.toMatchObject({
      code: 'GROUP_NOT_EMPTY',
      message: expect.stringContaining('1 member'),
    });
    await bench().run(one.close());
    await bench().run(admin.alterGroupOffsets('g', change));
    expect(await admin.committedOffsets('g')).toEqual(change);
  });

  it('all offsets of a change are checked before one is set', async () => {
    await bench().topic('a');
    const admin = bench().client.admin();
    const good = { ...A0, offset: 1, metadata: '' };
    for (const [bad, code] of [
      [{ ...A1, offset: 0, metadata: '' }, 'UNKNOWN_PARTITION'],
      [{ topic: 'none', partition: 0, offset: 0, metadata: '' }, 'UNKNOWN_TOPIC'],
      [{ ...A0, offset: -1, metadata: '' }, 'INVALID_ARGUMENT'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one case after the other
      await expect(bench().run(admin.alterGroupOffsets('g', [good, bad]))).rejects.toMatchObject({
        code,
      });
    }
    expect(await admin.listGroups()).toEqual([]);
  });

  it('offsets are forgotten unless a member reads the topic', async () => {
    await bench().topic('a', 2);
    await bench().topic('b');
    const admin = bench().client.admin();
    await expect(bench().run(admin.deleteGroupOffsets('g', [A0]))).rejects.toMatchObject({
      code: 'UNKNOWN_GROUP',
    });
    const offsets = [A0, A1, { topic: 'b', partition: 0 }].map((at) =>
      Object.assign({ offset: 1, metadata: '' }, at),
    );
    await bench().run(admin.alterGroupOffsets('g', offsets));
    const one = member(bench, ['b']);
    await settle(bench, one);
    await bench().run(admin.deleteGroupOffsets('g', [A1]));
    expect(await admin.committedOffsets('g')).toEqual([offsets[0], offsets[2]]);
    await expect(
      bench().run(admin.deleteGroupOffsets('g', [A0, { topic: 'b', partition: 0 }])),
    ).rejects.toMatchObject({ code: 'GROUP_NOT_EMPTY', where: { topic: 'b' } });
    expect((await admin.committedOffsets('g')).length).toBe(2);
  });

  it('groups are deleted with their offsets, all or none, and not while they have members', async () => {
    await bench().topic('a');
    const admin = bench().client.admin();
    const offsets = [{ ...A0, offset: 1, metadata: '' }];
    await bench().run(admin.alterGroupOffsets('g', offsets));
    await bench().run(admin.alterGroupOffsets('h', offsets));
    await expect(bench().run(admin.deleteGroups(['h', 'none']))).rejects.toMatchObject({
      code: 'UNKNOWN_GROUP',
    });
    const one = member(bench, ['a']);
    await settle(bench, one);
    await expect(bench().run(admin.deleteGroups(['h', 'g']))).rejects.toMatchObject({
      code: 'GROUP_NOT_EMPTY',
    });
    expect(await admin.listGroups()).toEqual(['g', 'h']);
    await bench().run(one.close());
    await bench().run(admin.deleteGroups(['h', 'g']));
    expect(await admin.listGroups()).toEqual([]);
    expect((await admin.describeGroups(['g']))[0]?.state).toBe('Dead');
  });
}
