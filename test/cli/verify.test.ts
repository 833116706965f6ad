/** The verifiable producer and consumer: Kafka's lines, in Kafka's order of fields. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandWorld, jsonLines } from './command-world.js';

let world: CommandWorld;

beforeEach(async () => {
  world = new CommandWorld();
  await world.type('topics create verify-test');
});

afterEach(() => world.close());

/** Times and speed are what they are. */
const steady = (text: string): string =>
  text
    .replaceAll(/"timestamp":\d+/g, '"timestamp":0')
    .replaceAll(/"avg_throughput":[\d.e+-]+/g, '"avg_throughput":0');

test('verify produce prints what was acknowledged', async () => {
  const { code, out } = await world.type('verify produce verify-test --max-messages 2');
  expect(code).toBe(0);
  expect(steady(out)).toBe(
    `{"timestamp":0,"name":"startup_complete"}
{"timestamp":0,"name":"producer_send_success","key":null,"value":"0","topic":"verify-test","partition":0,"offset":0}
{"timestamp":0,"name":"producer_send_success","key":null,"value":"1","topic":"verify-test","partition":0,"offset":1}
{"timestamp":0,"name":"shutdown_complete"}
{"timestamp":0,"name":"tool_data","sent":2,"acked":2,"target_throughput":-1,"avg_throughput":0}
`,
  );
});

test('verify consume prints what was read and committed, and stops at --max-messages', async () => {
  await world.type('verify produce verify-test --max-messages 3');
  const { code, out } = await world.type('verify consume verify-test --group g --max-messages 2');
  expect(code).toBe(0);
  expect(steady(out)).toBe(
    `{"timestamp":0,"name":"startup_complete"}
{"timestamp":0,"name":"partitions_assigned","partitions":[{"topic":"verify-test","partition":0}]}
{"timestamp":0,"name":"records_consumed","count":2,"partitions":[{"topic":"verify-test","partition":0,"count":2,"minOffset":0,"maxOffset":1}]}
{"timestamp":0,"name":"offsets_committed","offsets":[{"topic":"verify-test","partition":0,"offset":2}],"success":true}
{"timestamp":0,"name":"partitions_revoked","partitions":[{"topic":"verify-test","partition":0}]}
{"timestamp":0,"name":"shutdown_complete"}
`,
  );
  const verbose = await world.type(
    'verify consume verify-test --group-id g --max-messages 1 --verbose',
  );
  expect(jsonLines(verbose.out)).toContainEqual(
    expect.objectContaining({ name: 'record_data', key: null, value: '2', offset: 2 }),
  );
});

test('keys repeat and values have a prefix', async () => {
  const { out } = await world.type(
    'verify produce verify-test --max-messages 3 --repeating-keys 2 --value-prefix 7',
  );
  const sent = jsonLines(out) as { key?: string; value?: string }[];
  expect(sent.slice(1, 4).map(({ key, value }) => [key, value])).toEqual([
    ['0', '7.0'],
    ['1', '7.1'],
    ['0', '7.2'],
  ]);
});

test('without a limit both go on until Ctrl-C and end cleanly', async () => {
  const stop = new AbortController();
  const produced = await world.type('verify produce verify-test --throughput 1000', {
    stop: stop.signal,
    onOut: (text) => text.includes('"value":"3"') && stop.abort(),
  });
  const { sent, acked } = jsonLines(produced.out).at(-1) as { sent: number; acked: number };
  expect(produced.code).toBe(0);
  expect(acked).toBe(sent);
  const end = new AbortController();
  const consumed = await world.type('verify consume verify-test --group g', {
    stop: end.signal,
    onOut: (text) => text.includes('offsets_committed') && end.abort(),
  });
  expect(consumed.code).toBe(0);
  expect(jsonLines(consumed.out)).toContainEqual(
    expect.objectContaining({ name: 'records_consumed', count: sent }),
  );
});
