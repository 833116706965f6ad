/** Topics and their configs through the command. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandWorld } from './command-world.js';

let world: CommandWorld;

beforeEach(() => {
  world = new CommandWorld();
});

afterEach(() => world.close());

test('topics are created, listed and described', async () => {
  expect(
    await world.type('topics create order --partitions 2 --config retention.ms=172800000'),
  ).toEqual({ code: 0, out: 'Created topic order with 2 partitions.\n', err: '' });
  expect((await world.type('topics list')).out).toBe('order\n');
  expect((await world.type('topics list --json')).out).toBe('["order"]\n');
  expect((await world.type('topics describe order')).out).toBe(
    'TOPIC  PARTITION  START  END  CONFIG\n' +
      'order  0          0      0    retention.ms=172800000\n' +
      'order  1          0      0\n',
  );
  const [described] = JSON.parse((await world.type('topics describe --json')).out) as {
    topicId: string;
  }[];
  expect(described).toEqual({
    topic: 'order',
    topicId: described?.topicId,
    partitions: 2,
    config: { 'retention.ms': '172800000' },
    offsets: [
      { partition: 0, start: 0, end: 0 },
      { partition: 1, start: 0, end: 0 },
    ],
  });
  expect(described?.topicId).toMatch(/./);
});

test("Kafka's --topic is understood where a topic is named", async () => {
  await world.type('topics create --topic order');
  expect((await world.type('topics describe --topic order')).code).toBe(0);
  await world.type('produce --topic order', { lines: ['phone'] });
  const consumed = await world.type('consume --topic order --from-beginning --until-end');
  expect(consumed.out).toBe('phone\n');
});

test('several topics at once; --if-not-exists leaves what is there', async () => {
  await world.type('topics create order --partitions 3');
  const { code, out } = await world.type('topics create order address --if-not-exists');
  expect({ code, out }).toEqual({
    code: 0,
    out: 'Topic order exists; it was left as it is.\nCreated topic address with 1 partition.\n',
  });
  const described = (await world.type('topics describe order --json')).out;
  expect(JSON.parse(described)).toMatchObject([{ partitions: 3 }]);
});

test('partitions are added, never taken away', async () => {
  await world.type('topics create order --partitions 3');
  const { code, out } = await world.type('topics alter order --partitions 4');
  expect({ code, out }).toEqual({ code: 0, out: 'Topic order has 4 partitions now.\n' });
  const fewer = await world.type('topics alter order --partitions 2');
  expect(fewer.code).toBe(1);
  expect(fewer.err).toContain('[INVALID_PARTITIONS]');
});

test('topics are deleted; with --if-exists one that is not there is no error', async () => {
  await world.type('topics create order address');
  const { code, out } = await world.type('topics delete order oder --if-exists');
  expect({ code, out }).toEqual({
    code: 0,
    out: 'Deleted topic order.\nTopic oder does not exist; nothing was deleted.\n',
  });
  expect((await world.type('topics list')).out).toBe('address\n');
});

test('configs are set, described with their source, and unset', async () => {
  await world.type('topics create order --config cleanup.policy=compact');
  const altered = await world.type(
    'configs alter --topic order --set retention.ms=86400000 --unset cleanup.policy',
  );
  expect(altered).toEqual({ code: 0, out: 'Altered configs of topic order.\n', err: '' });
  expect((await world.type('configs describe --topic order')).out).toBe(
    'TOPIC  NAME          VALUE     SOURCE\n' +
      'order  retention.ms  86400000  DYNAMIC_TOPIC_CONFIG\n',
  );
  const all = (await world.type('configs describe order --all')).out;
  expect(all).toMatch(/^order +cleanup\.policy +delete +DEFAULT_CONFIG$/m);
  const [{ configs }] = JSON.parse((await world.type('configs describe order --json')).out) as [
    { configs: unknown[] },
  ];
  expect(configs).toMatchObject([{ name: 'retention.ms', value: '86400000', type: 'LONG' }]);
  await world.type('configs alter order --unset retention.ms');
  expect((await world.type('configs describe order')).out).toBe(
    'No config is set; --all shows the defaults too.\n',
  );
});

test('every change is told as JSON too', async () => {
  const json = async (line: string) =>
    JSON.parse((await world.type(`${line} --json`)).out) as unknown;
  expect(await json('topics create order')).toEqual([{ topic: 'order', created: true }]);
  expect(await json('topics create order --if-not-exists')).toEqual([
    { topic: 'order', created: false },
  ]);
  expect(await json('topics alter order --partitions 2')).toEqual([
    { topic: 'order', partitions: 2 },
  ]);
  expect(await json('configs alter order --set retention.ms=1000')).toEqual([
    { topic: 'order', set: { 'retention.ms': '1000' }, unset: [] },
  ]);
  expect(await json('produce order')).toEqual({ topic: 'order', records: 0 });
  await world.type('consume order --group g --until-end');
  expect(await json('groups delete-offsets g --topic order:1')).toEqual([
    { topic: 'order', partition: 1 },
  ]);
  expect(await json('groups delete g')).toEqual([{ groupId: 'g' }]);
  expect(await json('topics delete order oder --if-exists')).toEqual([
    { topic: 'order', deleted: true },
    { topic: 'oder', deleted: false },
  ]);
});

test('a list of policies is one value', async () => {
  await world.type('topics create order --config cleanup.policy=compact,delete');
  expect((await world.type('topics describe order')).out).toContain(
    'cleanup.policy=compact,delete',
  );
});
