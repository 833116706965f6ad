/** What `openLog` and `memoryLog` are told, and what they say when it is wrong. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { DEFAULT_SETTINGS } from '../../src/log/engine/engine-options.js';
import { Serdes } from '../../src/serde/serdes.js';
import { memoryLog } from '../../src/log/log.js';
import {
  memoryLogSettings,
  openLogSettings,
  type MemoryLogOptions,
  type OpenLogOptions,
} from '../../src/log/log-options.js';

describe('options of a log', () => {
  it('without any are the defaults', () => {
    expect(openLogSettings({})).toEqual(DEFAULT_SETTINGS);
    expect(memoryLogSettings({})).toEqual(DEFAULT_SETTINGS);
  });

  it('become settings of the engine', () => {
    expect(
      openLogSettings({
        retentionCheckInterval: '1m',
        cleanerBackoff: 500,
        cleanerDedupeBufferBytes: 1_000_000,
        offsetsRetention: '1d',
        offsetsRetentionCheckInterval: '1h',
        openFilesMax: 10,
        partitionsMax: 7,
        groupsMax: 8,
        quotas: {
          producerByteRate: { app: 1000, other: Number.POSITIVE_INFINITY },
          maxDelay: '5s',
        },
      }),
    ).toEqual({
      ...DEFAULT_SETTINGS,
      retentionCheckMs: 60_000,
      cleanerBackoffMs: 500,
      cleanerDedupeBufferBytes: 1_000_000,
      offsetsRetentionMs: 86_400_000,
      offsetsRetentionCheckMs: 3_600_000,
      openFilesMax: 10,
      partitionsMax: 7,
      groupsMax: 8,
      producerByteRates: new Map([
        ['app', 1000],
        ['other', Number.POSITIVE_INFINITY],
      ]),
      quotaDelayMsMax: 5000,
    });
    expect(
      memoryLogSettings({ memoryBytesMax: 4096, quotas: { producerByteRate: 10 } }),
    ).toMatchObject({ memoryBytesMax: 4096, producerByteRates: new Map([['', 10]]) });
    expect(memoryLogSettings({ memoryBytesMax: Number.POSITIVE_INFINITY }).memoryBytesMax).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it.each([
    [{ retentionInterval: 1 }, /no option 'retentionInterval'/],
    [{ retentionCheckInterval: '5 minutes' }, /openLog: retentionCheckInterval/],
    [{ retentionCheckInterval: 0 }, /at least 1 ms/],
    [{ cleanerBackoff: -1 }, /openLog: cleanerBackoff/],
    [{ cleanerDedupeBufferBytes: 100 }, /at least 65536/],
    [{ openFilesMax: 2.5 }, /openLog: openFilesMax is 2.5/],
    [{ partitionsMax: 0 }, /partitionsMax is 0/],
    [{ groupsMax: 1.5 }, /groupsMax is 1.5/],
    [{ memoryBytesMax: 10 }, /no option 'memoryBytesMax'/],
    [{ quotas: 7 }, /openLog: quotas/],
    [{ quotas: { producerByteRate: 0 } }, /bytes a second above 0/],
    [{ quotas: { producerByteRate: { app: 'fast' } } }, /of 'app' is "fast"/],
    [{ quotas: { producerByteRate: null } }, /producerByteRate is null/],
    [{ quotas: { consumerByteRate: 1 } }, /no option 'consumerByteRate'/],
    [{ logger: {} }, /no function 'info'/],
    [{ codecs: { lz4: {} } }, /codecs.lz4 is no codec/],
    [{ codecs: { lzo: {} } }, /no option 'lzo'/],
  ])('openLog refuses %j', (options, message) => {
    expect(() => openLogSettings(options as OpenLogOptions)).toThrowError(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      }),
    );
  });

  it.each([[{ durability: 'fsync' }], [{ openFilesMax: 10 }], [{ memoryBytesMax: 0 }]])(
    'memoryLog refuses %j',
    (options) => {
      expect(() => memoryLogSettings(options as MemoryLogOptions)).toThrowError(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    },
  );

  it('groupsMax is a limit for groups that are joined, and for groups that get offsets', async () => {
    const env = new SimulatedEnv();
    await using log = memoryLog({ env, groupsMax: 1 });
    const admin = log.admin();
    await admin.createTopics([{ topic: 'a', partitions: 1 }]);
    const tooMany = { code: 'LIMIT_EXCEEDED', message: expect.stringContaining('groupsMax') };
    const consumer = (groupId: string) => log.consumer({ value: Serdes.string(), groupId });
    const one = consumer('one');
    await one.subscribe(['a']);
    await expect(consumer('two').subscribe(['a'])).rejects.toMatchObject(tooMany);
    await one.close();
    const offsets = [{ topic: 'a', partition: 0, offset: 0, metadata: '' }];
    await admin.alterGroupOffsets('one', offsets);
    await admin.alterGroupOffsets('one', offsets);
    await expect(admin.alterGroupOffsets('two', offsets)).rejects.toMatchObject(tooMany);
    await admin.deleteGroups(['one']);
    await admin.alterGroupOffsets('two', offsets);
  });

  it('partitionsMax is a limit over all topics, for new topics and for new partitions', async () => {
    const env = new SimulatedEnv();
    await using log = memoryLog({ env, partitionsMax: 5 });
    const admin = log.admin();
    await admin.createTopics([{ topic: 'a', partitions: 3 }]);
    const tooMany = { code: 'LIMIT_EXCEEDED', message: expect.stringContaining('partitionsMax') };
    await expect(admin.createTopics([{ topic: 'b', partitions: 3 }])).rejects.toMatchObject(
      tooMany,
    );
    await expect(admin.createPartitions([{ topic: 'a', partitions: 6 }])).rejects.toMatchObject(
      tooMany,
    );
    await admin.createPartitions([{ topic: 'a', partitions: 5 }]);
    await admin.deleteTopics(['a']);
    await admin.createTopics([{ topic: 'b', partitions: 5 }]);
    expect(await admin.listTopics()).toEqual(['b']);
  });
});
