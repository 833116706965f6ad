/** Consumer groups through the command. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dateTimeMs, periodMs } from '../../src/cli/groups/date-time.js';
import { CommandWorld } from './command-world.js';

let world: CommandWorld;

beforeEach(async () => {
  world = new CommandWorld();
  await world.type('topics create order --partitions 2');
  await world.type('produce order --partition 0 --timestamp 1000', { lines: ['a', 'b'] });
  await world.type('produce order --partition 0 --timestamp 2000', { lines: ['c'] });
  await world.type('consume order --group g --from-beginning --max 1');
});

afterEach(() => world.close());

const committed = async () =>
  (await world.log.admin().committedOffsets('g')).map(({ partition, offset }) => [
    partition,
    offset,
  ]);

test('groups are listed and described with their lag', async () => {
  expect((await world.type('groups list')).out).toBe('g\n');
  expect((await world.type('groups list --state')).out).toBe('GROUP  STATE\ng      Empty\n');
  expect(await world.type('groups describe g')).toEqual({
    code: 0,
    out:
      'TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  CLIENT-ID\n' +
      'order  0          1               3               2    -            -\n' +
      'order  1          0               0               0    -            -\n',
    err: "Consumer group 'g' has no active members.\n",
  });
  expect(JSON.parse((await world.type('groups describe --json')).out)).toMatchObject([
    { groupId: 'g', state: 'Empty', offsets: [{ currentOffset: 1, lag: 2, consumerId: null }, {}] },
  ]);
});

test('members are shown with what they have', async () => {
  const consumer = world.log.consumer({ groupId: 'g' });
  await consumer.subscribe(['order']);
  expect((await world.type('groups describe g')).out).toMatch(/^order +1 .* millrace$/m);
  const { out } = await world.type('groups describe g --members');
  expect(out).toMatch(/^GROUP +CONSUMER-ID +CLIENT-ID +#PARTITIONS +ASSIGNMENT$/m);
  expect(out).toMatch(/millrace +2 +order-0 order-1$/m);
  expect((await world.type('groups describe g --state')).out).toMatch(/^g +range +Stable +1$/m);
  const reset = await world.type('groups reset g --topic order --to-earliest --execute');
  expect(reset.code).toBe(1);
  expect(reset.err).toContain('[GROUP_NOT_EMPTY]');
  await consumer.close();
});

test('reset shows what it would do, and does it with --execute', async () => {
  const line = 'groups reset g --topic order --to-latest';
  expect(await world.type(line)).toEqual({
    code: 0,
    out:
      'GROUP  TOPIC  PARTITION  NEW-OFFSET\n' +
      'g      order  0          3\n' +
      'g      order  1          0\n',
    err: 'Nothing was changed; --execute does it.\n',
  });
  expect(await committed()).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect((await world.type(`${line} --execute`)).err).toBe('');
  expect(await committed()).toEqual([
    [0, 3],
    [1, 0],
  ]);
});

test.each([
  ['--topic order --to-earliest', [0, 0]],
  ['--topic order:0 --to-offset 2', [2, 0]],
  ['--topic order:0 --to-offset 20', [3, 0]],
  ['--all-topics --shift-by -5', [0, 0]],
  ['--topic order:0 --shift-by 1', [2, 0]],
  ['--topic order --to-current', [1, 0]],
  ['--topic order --to-datetime 1970-01-01T00:00:01.500', [2, 0]],
  ['--topic order --to-datetime 2050-01-01', [3, 0]],
  ['--topic order --by-duration 1d', [3, 0]],
])('reset %s', async (options, expected) => {
  await world.type(`groups reset g ${options} --execute`);
  expect((await committed()).map(([, offset]) => offset)).toEqual(expected);
});

test('an offset beyond the partition is told', async () => {
  const { err } = await world.type('groups reset g --topic order:0 --to-offset 20');
  expect(err).toContain('Offset 20 of order-0 is beyond the partition; it becomes 3.');
});

test('a partition that is not there is named', async () => {
  const { code, err } = await world.type('groups reset g --topic order:5 --to-earliest');
  expect(code).toBe(1);
  expect(err).toContain("Topic 'order' has no partition 5");
});

test('offsets and groups are deleted', async () => {
  const { out } = await world.type('groups delete-offsets g --topic order:1');
  expect(out).toBe('Group g has no offsets for 1 partition now.\n');
  expect(await committed()).toEqual([[0, 1]]);
  expect((await world.type('groups delete g')).out).toBe('Deleted group g.\n');
  expect((await world.type('groups list')).out).toBe('');
});

test('an unknown group names the nearest one', async () => {
  await world.type('groups reset hello-group --topic order --to-earliest --execute');
  const { code, err } = await world.type('groups describe helo-group');
  expect(code).toBe(1);
  expect(err).toContain("'helo-group' does not exist. Did you mean 'hello-group'?");
});

test.each([
  ['1970-01-01', 0],
  ['1970-01-01T00:00:00.001', 1],
  ['2000-02-29T12:30:15', 951_827_415_000],
  ['2026-11-21T09:00:00+09:00', 1_795_219_200_000],
  ['2026-11-21T00:00:00Z', 1_795_219_200_000],
  ['1969-12-31T23:59:59', -1000],
])('%s is %i ms', (text, ms) => {
  expect(dateTimeMs('to-datetime', text)).toBe(ms);
});

test.each(['2023-02-29', '2023-13-01', '2023-01-01T24:00', 'P1D'])('%s is no date', (text) => {
  expect(() => dateTimeMs('to-datetime', text)).toThrow('is no date and time');
});

test.each([
  ['P1DT2H3M4S', 93_784_000],
  ['PT0.5S', 500],
  ['P7D', 604_800_000],
  ['12h', 43_200_000],
])('%s is %i ms', (text, ms) => {
  expect(periodMs('by-duration', text)).toBe(ms);
});

test.each(['P', 'PT', '1w', 'P1DT'])('%s is no duration', (text) => {
  expect(() => periodMs('by-duration', text)).toThrow('is no duration');
});
