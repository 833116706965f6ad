/** The `millrace` command through its functions: captured output, a memory log that outlives the commands. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CommandIo } from '../../src/cli/command.js';
import { run } from '../../src/cli/run.js';
import { type Log, memoryLog } from '../../src/log/log.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Topology } from '../../src/processor/topology.js';

let log: Log;

beforeEach(() => {
  log = memoryLog();
});

afterEach(() => log.close());

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line; the log stays open behind it. */
async function millrace(
  args: readonly string[],
  given: { lines?: string[]; module?: unknown } = {},
): Promise<Result> {
  let out = '';
  let err = '';
  const io: CommandIo = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    async *lines() {
      yield* given.lines ?? [];
    },
    // The test closes the log; the command's own close would end it too early.
    openLog: () =>
      Promise.resolve({
        ...log,
        client: log.client,
        admin: () => log.admin(),
        producer: (options) => log.producer(options),
        consumer: (options) => log.consumer(options),
        close: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    importModule: () => Promise.resolve(given.module),
  };
  const code = await run(args, '1.2.3', io);
  return { code, out, err };
}

test('--version prints the version and --help names every command', async () => {
  expect(await millrace(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  const help = await millrace(['--help']);
  expect(help.code).toBe(0);
  for (const word of ['topics', 'produce', 'consume', 'topology'])
    expect(help.out).toContain(`  ${word} `);
});

test('a command that does not exist is named and ends with code 2', async () => {
  const { code, err } = await millrace(['topcis', 'list']);
  expect(code).toBe(2);
  expect(err).toContain("there is no command 'topcis'. Did you mean 'topics'?");
});

test.each([
  [['topics', 'create', 'order', '--partition=3'], "'--partition'. Did you mean '--partitions'?"],
  [['topics', 'create', 'order', '-p', '3'], "there is no option '-p'."],
  [
    ['topics', 'crate', 'order'],
    "there is no 'crate', only create, list and describe. Did you mean",
  ],
  [['consume', 'order', '--from-begining'], "Did you mean '--from-beginning'?"],
  [['consume', 'order', '--from-beginning', '--print', 'ofset'], "Did you mean 'offset'?"],
  [['produce', 'order', '--key-seperator', ':'], "Did you mean '--key-separator'?"],
  [['consume', 'order', '--max'], "'--max <value>' argument missing"],
])('the slip in %j is told, and what was meant', async (args, message) => {
  const { code, out, err } = await millrace(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
});

test('an option that does not exist is named, with the usage of the command', async () => {
  const { code, err } = await millrace(['topics', 'create', 'order', '--partition', '3']);
  expect(code).toBe(2);
  expect(err).toContain('--partition');
  expect(err).toContain('millrace topics create TOPIC');
});

test('topics are created, listed and described', async () => {
  const created = await millrace([
    'topics',
    'create',
    'order',
    '--partitions',
    '2',
    '--config',
    'retention.ms=172800000',
  ]);
  expect(created).toEqual({ code: 0, out: 'Created topic order with 2 partitions.\n', err: '' });
  expect((await millrace(['topics', 'list'])).out).toBe('order\n');
  expect((await millrace(['topics', 'list', '--json'])).out).toBe('["order"]\n');
  const described = (await millrace(['topics', 'describe', 'order'])).out.split('\n');
  expect(described[0]).toBe('TOPIC  PARTITION  START  END  CONFIG');
  expect(described[1]).toMatch(/^order  0 {10}0 {6}0 {4}.*retention.ms=172800000/);
  expect(described[2]).toBe('order  1          0      0');
});

test('a topic that exists is an error of one line without a stack trace', async () => {
  await millrace(['topics', 'create', 'order']);
  const { code, err } = await millrace(['topics', 'create', 'order']);
  expect(code).toBe(1);
  expect(err).toMatch(/^millrace topics: .*order.* \[TOPIC_EXISTS\]\n$/);
});

test('lines that are produced with keys are consumed with the fields that were asked for', async () => {
  await millrace(['topics', 'create', 'order']);
  const produced = await millrace(['produce', 'order', '--key-separator', ':'], {
    lines: ['han:phone', 'choi:galaxy:blue'],
  });
  expect(produced).toEqual({ code: 0, out: '', err: 'Wrote 2 records to order.\n' });
  const consumed = await millrace([
    'consume',
    'order',
    '--from-beginning',
    '--print',
    'offset,key',
  ]);
  expect(consumed).toEqual({
    code: 0,
    out: '0\than\tphone\n1\tchoi\tgalaxy:blue\n',
    err: '2 records.\n',
  });
});

test('consume stops after --max records and prints JSON lines for programs', async () => {
  await millrace(['topics', 'create', 'order']);
  await millrace(['produce', 'order'], { lines: ['a', 'b', 'c'] });
  const { out } = await millrace(['consume', 'order', '--from-beginning', '--max', '2', '--json']);
  const records = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { value: string; key: null; offset: number });
  expect(records.map(({ key, value, offset }) => [key, value, offset])).toEqual([
    [null, 'a', 0],
    [null, 'b', 1],
  ]);
});

test('consume ends at the end of the topic when a transaction marker is its last entry', async () => {
  await millrace(['topics', 'create', 'order', '--partitions', '2']);
  const producer = log.producer({ value: Serdes.string(), transactionalId: 'shop' });
  await producer.transaction(async (transaction) => {
    await transaction.send({ topic: 'order', value: 'phone', partition: 1 });
  });
  expect((await millrace(['consume', 'order', '--from-beginning'])).out).toBe('phone\n');
});

test('a line without the key separator is named by its number', async () => {
  await millrace(['topics', 'create', 'order']);
  const { code, err } = await millrace(['produce', 'order', '--key-separator', ':'], {
    lines: ['a:b', 'no separator'],
  });
  expect(code).toBe(2);
  expect(err).toContain("line 2 has no key separator ':'");
});

test('consuming a topic that does not exist names the nearest one', async () => {
  await millrace(['topics', 'create', 'order']);
  const { code, err } = await millrace(['consume', 'oder', '--from-beginning']);
  expect(code).toBe(1);
  expect(err).toContain("'order'");
});

test("topology prints what a module exports, in Kafka's text", async () => {
  const topology = new Topology().addSource('source', ['in']).addSink('sink', 'out', ['source']);
  const { code, out } = await millrace(['topology', 'shop.js'], { module: { topology } });
  expect(code).toBe(0);
  expect(out).toBe(topology.describe().toString());
  const missing = await millrace(['topology', 'shop.js'], { module: {} });
  expect(missing.code).toBe(1);
  expect(missing.err).toContain('shop.js exports no topology');
});
