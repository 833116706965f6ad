/** The `millrace` command as a whole: help, slips, exit codes. What commands do is in the files beside this one. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { COMMAND_GROUPS } from '../../src/cli/command-table.js';
import { Topology } from '../../src/processor/topology.js';
import { CommandWorld } from './command-world.js';

let world: CommandWorld;

beforeEach(() => {
  world = new CommandWorld();
});

afterEach(() => world.close());

test('--version prints the version', async () => {
  expect(await world.type('--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' });
});

test.each(['--help', 'help', '-h'])('%s names every command', async (line) => {
  const { code, out } = await world.type(line);
  expect(code).toBe(0);
  for (const { word } of COMMAND_GROUPS) expect(out).toContain(`\n  ${word} `);
});

test('without a command it says which there are, with code 2', async () => {
  const { code, out } = await world.type('');
  expect(code).toBe(2);
  expect(out).toContain('Commands:');
});

test.each(['topics --help', 'help topics', 'topics -h'])(
  '%s names the sub-commands',
  async (line) => {
    const { code, out } = await world.type(line);
    expect(code).toBe(0);
    for (const word of ['create', 'list', 'describe', 'alter', 'delete'])
      expect(out).toContain(`  topics ${word} `);
  },
);

const commands = COMMAND_GROUPS.flatMap((group) => group.commands);

test.each(commands.map((command) => [command.words.join(' '), command] as const))(
  'the help of %s names its arguments and options and fits 80 and 40 columns',
  async (words, command) => {
    const { code, out } = await world.type(`${words} --help`);
    expect(code).toBe(0);
    expect(out).toBe((await world.type(`help ${words}`)).out);
    for (const name of Object.keys(command.options)) expect(out).toContain(`--${name}`);
    for (const { name } of command.args) expect(out).toContain(name.toUpperCase());
    const narrow = await world.type(`${words} --help`, {
      terminal: { columns: 40, colours: false },
    });
    const text = narrow.out.split('Examples:')[0] ?? '';
    expect(text.split('\n').filter((line) => line.length > 40)).toEqual([]);
    expect(
      out
        .split('Examples:')[0]
        ?.split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  },
);

test.each([
  ['topcis list', "there is no command 'topcis'. Did you mean 'topics'?"],
  ['topics crate order', "there is no command 'crate' of millrace topics. Did you mean 'create'?"],
  ['topics', 'say what: create, list, describe, alter, delete.'],
  ['--loog x topics list', "there is no option '--loog' before the command"],
  ['--versoin', "Did you mean '--version'?"],
  ['version', "Did you mean '--version'?"],
  ['topics --list', "Did you mean 'millrace topics list'?"],
  ['topics --create --topic order', "Did you mean 'millrace topics create'?"],
  ['groups --reset-offsets --group g', "Did you mean 'millrace groups reset'?"],
  ['groups reset-offsets g', "Did you mean 'millrace groups reset'?"],
  ['topics --bootstrap-server localhost:9092 --list', 'millrace works on a directory: --log DIR.'],
  ['create order', "Did you mean 'millrace topics create'?"],
  ['alter order', "Did you mean 'millrace topics alter' or 'millrace configs alter'?"],
  ['dump-log x', "Did you mean 'millrace log dump'?"],
  ['kafka-consumer-groups.sh --list', "Did you mean 'millrace groups'?"],
  ['topics create order -y', "there is no option '-y'.\n"],
  ['topics create order --partition=3', "'--partition'. Did you mean '--partitions'?"],
  ['topics create order --partition 3', "'--partition'. Did you mean '--partitions'?"],
  ['topics create order -p 3', "there is no option '-p'."],
  ['topics create', 'TOPIC is missing.'],
  ['topics create order --partitions 0', "--partitions: '0' is not a whole number >= 1."],
  ['topics create order --partitions 1 --partitions 2', '--partitions is given twice.'],
  ['topics create order --config retention.ms', "--config: 'retention.ms' is not NAME=VALUE."],
  ['topics list order', "'order' is one argument too many."],
  ['topics list --json=yes', '--json takes no value.'],
  ['topics alter order', 'say how many partitions there shall be'],
  ['configs alter order', 'say what to alter'],
  ['consume order --from-begining', "Did you mean '--from-beginning'?"],
  ['consume order --print ofset', "Did you mean 'offset'?"],
  ['consume order --max', '--max needs a value: --max N.'],
  ['consume order --max --json', '--max needs a value: --max N.'],
  ['consume order --timeout soon', '--timeout: "soon" is not a duration'],
  ['consume order --offset 3', '--offset needs --partition'],
  ['consume order --partition 0 --group g', 'do not go together'],
  ['consume order --partition 0 --offset x', "'x' is neither earliest nor latest"],
  ['consume --pattern [', '--pattern:'],
  ['consume', 'TOPIC is missing'],
  ['consume order --value-serde lang', "'lang' is none of string, json, long"],
  ['consume order --bootstrap-server localhost:9092', 'millrace works on a directory: --log DIR.'],
  ['consume order --max-messages 3', 'Say --max N.'],
  ['produce order --key-seperator :', "Did you mean '--key-separator'?"],
  ['groups reset g --topic order', 'say once where to'],
  ['groups reset g --topic order --to-latest --to-earliest', 'say once where to'],
  ['groups reset g --to-latest', 'say which partitions'],
  ['groups reset g --topic order --to-datetime yesterday', "'yesterday' is no date and time"],
  ['groups reset g --topic order --by-duration P', "'P' is no duration"],
  ['groups describe g --members --state', 'give one of them'],
  ['verify consume order', 'say which group reads'],
  ['offsets order --time now', "'now' is neither earliest nor latest"],
  ['topics list --brokers localhost:9092', 'not yet: --brokers comes with the Kafka adapter'],
  ['completion fish', "there is no completion for 'fish', only bash and zsh."],
])('%s: called wrongly, and told why', async (line, message) => {
  await world.log.admin().createTopics([{ topic: 'order', partitions: 1 }]);
  const { code, out, err } = await world.type(line);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
  expect(err).not.toMatch(/^\s+at /m);
});

test.each([
  ['topics describe oder', "Did you mean 'order'?"],
  ['topics alter order --partitions 1', '[INVALID_PARTITIONS]'],
  ['topics create order', '[TOPIC_EXISTS]'],
  ['topics create a/b', '[INVALID_TOPIC]'],
  ['topics create new --config retention.mss=1', "Did you mean 'retention.ms'?"],
  ['topics delete oder', "Did you mean 'order'?"],
  ['configs alter order --set retention.m=1', "Did you mean 'retention.ms'?"],
  ['configs describe oder', "Did you mean 'order'?"],
  ['consume oder', "Did you mean 'order'?"],
  ['consume order --partition 7', "Topic 'order' has no partition 7: it has 1, counted from 0."],
  ['consume --pattern x.*', 'No topic matches the pattern'],
  ['produce oder', "Did you mean 'order'?"],
  ['produce order no-such-file', 'There is no file no-such-file.'],
  ['offsets oder', "Did you mean 'order'?"],
  ['groups describe billing', "Consumer group 'billing' does not exist."],
  ['groups delete billing', '[UNKNOWN_GROUP]'],
  ['delete-records no-such-file', 'There is no file no-such-file.'],
  ['verify produce oder', "Did you mean 'order'?"],
  ['log dump no-such-file', 'There is no file no-such-file.'],
  ['log check nowhere', 'nowhere'],
])('%s: failed with one line, a code and no stack trace', async (line, message) => {
  await world.log.admin().createTopics([{ topic: 'order', partitions: 1 }]);
  const { code, out, err } = await world.type(line);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(message);
  expect(err).toMatch(/^millrace .* \[[A-Z_]+\]\n$/);
});

test('--log stands before the command, between its words or behind it', async () => {
  await world.log.admin().createTopics([{ topic: 'order', partitions: 1 }]);
  for (const line of ['--log d topics list', 'topics --log=d list', 'topics list --log d'])
    expect(await world.type(line)).toEqual({ code: 0, out: 'order\n', err: '' });
});

test("topology prints what a module exports, in Kafka's text", async () => {
  const topology = new Topology().addSource('source', ['in']).addSink('sink', 'out', ['source']);
  const { code, out } = await world.type('topology shop.js', { module: { topology } });
  expect(code).toBe(0);
  expect(out).toBe(topology.describe().toString());
  const description = topology.describe();
  const drawn = async (option: string) =>
    (await world.type(`topology shop.js ${option}`, { module: { topology } })).out;
  expect(await drawn('--mermaid')).toBe(description.toMermaid());
  expect(await drawn('--dot')).toBe(description.toDot());
  expect(JSON.parse(await drawn('--json'))).toEqual(JSON.parse(JSON.stringify(description)));
  const two = await world.type('topology shop.js --dot --json', { module: { topology } });
  expect(two.err).toContain('--dot and --json are two forms of one thing');
  const old = { describe: () => ({ toString: () => 'Topologies:\n' }) };
  const older = await world.type('topology shop.js --mermaid', { module: { topology: old } });
  expect(older.err).toContain('another version of millrace');
  const missing = await world.type('topology shop.js', { module: {} });
  expect(missing.code).toBe(1);
  expect(missing.err).toContain('shop.js exports no topology');
});

test('errors are red on a terminal that has colours, and only there', async () => {
  const coloured = await world.type('topics', { terminal: { columns: 80, colours: true } });
  expect(coloured.err).toContain('\u001b[31m');
  const plain = await world.type('topics', { terminal: { columns: 80, colours: false } });
  expect(plain.err).not.toContain('\u001b');
});
