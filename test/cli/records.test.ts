/** Lines into records and records into lines. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Serdes } from '../../src/serde/serdes.js';
import { CommandWorld, jsonLines } from './command-world.js';

let world: CommandWorld;

beforeEach(async () => {
  world = new CommandWorld();
  await world.type('topics create order');
});

afterEach(() => world.close());

const ALL = 'consume order --from-beginning --until-end';

test('lines with keys are consumed with the fields that were asked for', async () => {
  expect(
    await world.type('produce order --key-separator :', {
      lines: ['han:phone', 'choi:galaxy:blue'],
    }),
  ).toEqual({ code: 0, out: '', err: 'Wrote 2 records to order.\n' });
  expect(await world.type(`${ALL} --print offset,key`)).toEqual({
    code: 0,
    out: '0\than\tphone\n1\tchoi\tgalaxy:blue\n',
    err: '2 records.\n',
  });
  expect((await world.type(`${ALL} --print value,topic,partition,key --separator |`)).out).toBe(
    'phone|order|0|han\ngalaxy:blue|order|0|choi\n',
  );
});

test('a file is produced too; its last line needs no end, and Windows line ends are ends', async () => {
  world.file('files/lines.txt', 'a\r\nb\n\nc');
  await world.type('produce order files/lines.txt');
  expect((await world.type(ALL)).out).toBe('a\nb\n\nc\n');
});

test('lines come whole out of chunks that cut them anywhere', async () => {
  const text = Buffer.from('eins\nzwei äöü\nd');
  const chunks = Array.from(text, (byte) => Uint8Array.of(byte));
  await world.type('produce order', { chunks });
  expect((await world.type(ALL)).out).toBe('eins\nzwei äöü\nd\n');
});

test('headers, null markers, partition and timestamp', async () => {
  await world.type('topics create wide --partitions 3');
  await world.type(
    'produce wide --headers --key-separator = --null-marker NULL --partition 2 --timestamp 1700000000000',
    { lines: ['h1:v1,h2:v2\tk=v', '\tgone=NULL'] },
  );
  const { out } = await world.type('consume wide --from-beginning --until-end --json');
  expect(jsonLines(out)).toEqual([
    {
      topic: 'wide',
      partition: 2,
      offset: 0,
      timestamp: 1_700_000_000_000,
      key: 'k',
      value: 'v',
      headers: [
        ['h1', 'v1'],
        ['h2', 'v2'],
      ],
    },
    {
      topic: 'wide',
      partition: 2,
      offset: 1,
      timestamp: 1_700_000_000_000,
      key: 'gone',
      value: null,
      headers: [],
    },
  ]);
  const text = await world.type(
    'consume wide --from-beginning --until-end --print headers,key --null-text (none)',
  );
  expect(text.out).toBe('h1:v1,h2:v2\tk\tv\n\tgone\t(none)\n');
});

test('a bad line is named by its number; the lines before it are there', async () => {
  const { code, err } = await world.type('produce order --key-separator :', {
    lines: ['a:b', 'no separator', 'c:d'],
  });
  expect(code).toBe(1);
  expect(err).toContain("Line 2: it has no key separator ':'");
  expect((await world.type(ALL)).out).toBe('b\n');
});

test('a value that its serde cannot write names the line', async () => {
  const { code, err } = await world.type('produce order --value-serde long', {
    lines: ['7', 'seven'],
  });
  expect(code).toBe(1);
  expect(err).toContain(
    "Line 2: its value cannot be written as long: 'seven' is not a whole number.",
  );
  expect((await world.type(`${ALL} --value-serde long`)).out).toBe('7\n');
});

test('counts are read as longs, beyond 2^53 digit by digit', async () => {
  await world.type('produce order --value-serde long', { lines: ['42', '9007199254740993'] });
  expect((await world.type(`${ALL} --value-serde long`)).out).toBe('42\n9007199254740993\n');
  const { out } = await world.type(`${ALL} --value-serde long --json`);
  expect(jsonLines(out)).toMatchObject([{ value: 42 }, { value: '9007199254740993' }]);
});

test('bytes that are not the value tell where and what to try; what came before is printed', async () => {
  await world.type('produce order --value-serde long', { lines: ['1'] });
  await world.type('produce order', { lines: ['text'] });
  const { code, out, err } = await world.type(`${ALL} --value-serde long`);
  expect({ code, out }).toEqual({ code: 1, out: '1\n' });
  expect(err).toContain('topic order, partition 0, offset 1 is not long');
  expect(err).toContain('long expects 8 bytes');
  expect(err).toContain('--partition 0 --offset 2');
  expect((await world.type(`${ALL} --value-serde hex`)).out).toBe('0000000000000001\n74657874\n');
});

test.each(['string', 'json', 'integer', 'short', 'double', 'float', 'boolean', 'uuid', 'hex'])(
  'a %s comes back as it was typed',
  async (serde) => {
    const text = {
      json: '{"a":[1]}',
      boolean: 'true',
      uuid: '123e4567-e89b-12d3-a456-426614174000',
      hex: '00ff',
    }[serde];
    await world.type(`produce order --value-serde ${serde}`, { lines: [text ?? '12'] });
    expect((await world.type(`${ALL} --value-serde ${serde}`)).out).toBe(`${text ?? '12'}\n`);
  },
);

test('--max stops in the middle, --json is for programs', async () => {
  await world.type('produce order', { lines: ['a', 'b', 'c'] });
  const { out } = await world.type('consume order --from-beginning --max 2 --json');
  expect(jsonLines(out)).toMatchObject([
    { key: null, value: 'a', offset: 0 },
    { key: null, value: 'b', offset: 1 },
  ]);
});

test('consume begins at an offset, at the beginning, or at the end', async () => {
  await world.type('produce order', { lines: ['a', 'b', 'c'] });
  const from = (offset: string) =>
    world.type(`consume order --partition 0 --offset ${offset} --until-end`);
  expect((await from('1')).out).toBe('b\nc\n');
  expect((await from('earliest')).out).toBe('a\nb\nc\n');
  expect((await from('latest')).out).toBe('');
  expect((await world.type('consume order --until-end')).out).toBe('');
});

test('a group goes on where it was, also after --max', async () => {
  await world.type('produce order', { lines: ['a', 'b', 'c'] });
  const first = await world.type('consume order --group g --from-beginning --max 2');
  expect(first.out).toBe('a\nb\n');
  const second = await world.type('consume order --group g --from-beginning --until-end');
  expect(second.out).toBe('c\n');
});

test('a pattern takes the topics whose whole name it matches', async () => {
  await world.type('topics create order-eu order-us border');
  await world.type('produce order-eu', { lines: ['eu'] });
  await world.type('produce border', { lines: ['border'] });
  for (const group of ['', ' --group g'])
    expect(
      (await world.type(`consume --pattern order-.* --from-beginning --until-end${group}`)).out,
    ).toBe('eu\n');
});

test('--timeout ends what would wait for ever', async () => {
  expect(await world.type('consume order --timeout 20ms')).toEqual({
    code: 0,
    out: '',
    err: '0 records.\n',
  });
});

test('it follows the topic until Ctrl-C, which commits and ends with code 0', async () => {
  await world.type('produce order', { lines: ['a'] });
  const stop = new AbortController();
  const producer = world.log.producer({ value: Serdes.string() });
  const { code, out, err } = await world.type('consume order --group g --from-beginning', {
    stop: stop.signal,
    onOut: (text) => {
      if (text === 'a\n') void producer.send({ topic: 'order', value: 'b' });
      else stop.abort();
    },
  });
  expect({ code, out, err }).toEqual({ code: 0, out: 'a\nb\n', err: '2 records.\n' });
  expect(await world.log.admin().committedOffsets('g')).toMatchObject([{ offset: 2 }]);
});

test('open and aborted transactions are not printed, unless that is asked for', async () => {
  const producer = world.log.producer({ value: Serdes.string(), transactionalId: 'shop' });
  await producer.transaction(async (transaction) => {
    await transaction.send({ topic: 'order', value: 'phone' });
    expect((await world.type(ALL)).out).toBe('');
  });
  const aborted = producer.transaction(async (transaction) => {
    await transaction.send({ topic: 'order', value: 'galaxy' });
    throw new Error('changed my mind');
  });
  await expect(aborted).rejects.toThrow('changed my mind');
  // The end is a marker, which is not printed, and not waited for.
  expect((await world.type(ALL)).out).toBe('phone\n');
  expect((await world.type(`${ALL} --isolation read_uncommitted`)).out).toBe('phone\ngalaxy\n');
});

test('all lines of a transaction are written, or none', async () => {
  const failed = await world.type('produce order --key-separator : --transactional-id load', {
    lines: ['a:b', 'bad'],
  });
  expect(failed.code).toBe(1);
  expect((await world.type(ALL)).out).toBe('');
  await world.type('produce order --key-separator : --transactional-id load', { lines: ['a:b'] });
  expect((await world.type(ALL)).out).toBe('b\n');
});

test('compressed batches are read again', async () => {
  await world.type('produce order --compression gzip', { lines: ['a', 'b'] });
  expect((await world.type(ALL)).out).toBe('a\nb\n');
});

test('a person gets a prompt for each line', async () => {
  const { out } = await world.type('produce order', {
    chunks: [Buffer.from('a\n'), Buffer.from('b\n')],
    inputIsTerminal: true,
    terminal: { columns: 80, colours: false },
  });
  expect(out).toBe('> > > \n');
});

test('offsets are told by time, as text and as JSON', async () => {
  await world.type('produce order --timestamp 1000', { lines: ['a', 'b'] });
  await world.type('produce order --timestamp 2000', { lines: ['c'] });
  expect((await world.type('offsets order')).out).toBe(
    'TOPIC  PARTITION  OFFSET\norder  0          3\n',
  );
  const at = async (time: string) =>
    jsonLines((await world.type(`offsets order --time ${time} --json`)).out);
  expect(await at('earliest')).toEqual([[{ topic: 'order', partition: 0, offset: 0 }]]);
  expect(await at('-1')).toEqual([[{ topic: 'order', partition: 0, offset: 3 }]]);
  expect(await at('max-timestamp')).toEqual([[{ topic: 'order', partition: 0, offset: 2 }]]);
  expect(await at('1500')).toEqual([[{ topic: 'order', partition: 0, offset: 2 }]]);
});

test("delete-records takes Kafka's file and says what the lowest offset is now", async () => {
  await world.type('produce order', { lines: ['a', 'b', 'c'] });
  world.file(
    'files/delete.json',
    '{"partitions":[{"topic":"order","partition":0,"offset":2}],"version":1}',
  );
  expect(await world.type('delete-records --json files/delete.json')).toEqual({
    code: 0,
    out: 'Records delete operation completed:\npartition: order-0\tlow_watermark: 2\n',
    err: '',
  });
  expect((await world.type(ALL)).out).toBe('c\n');
  const again = await world.type('delete-records files/delete.json --print-json');
  expect(jsonLines(again.out)).toEqual([[{ topic: 'order', partition: 0, lowWatermark: 2 }]]);

  const text = '{"partitions":[{"topic":"order","partition":0,"offset":-1}]}';
  const input = await world.type('delete-records - --print-json', { lines: [text] });
  expect(jsonLines(input.out)).toEqual([[{ topic: 'order', partition: 0, lowWatermark: 3 }]]);
});

test.each([
  ['{"partitions":', 'it is not JSON'],
  ['[]', 'it has no array `partitions`'],
  ['{"partitions":[]}', 'its `partitions` are empty'],
  ['{"partitions":[{"topic":"order","offset":1}],"version":1}', 'partitions[0] has no `partition`'],
  ['{"partitions":[{"topic":"order","partition":0,"offset":-2}]}', 'partitions[0] has no `offset`'],
  ['{"partitions":[],"version":2}', 'its version is 2, expected 1'],
])('a file %s is refused with the place', async (text, message) => {
  world.file('files/delete.json', text);
  const { code, err } = await world.type('delete-records files/delete.json');
  expect(code).toBe(1);
  expect(err).toContain(message);
});
