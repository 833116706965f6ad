/**
 * The hands-on notes that this project began from, typed line by line in a real terminal: create, describe, alter,
 * produce, consume with keys and groups, lag, retention, delete-records, verifiable producer and consumer. What the
 * terminal shows is compared with a file; `npx vitest run test/cli/transcript.test.ts -u` writes it anew.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import { requireCommand, noTerminal, TerminalSession } from './terminal-session.js';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const why = noTerminal();
/** Who reads the report of a run sees why there was none. */
const name = why === undefined ? '' : ` (skipped: ${why})`;

async function createAndDescribe(session: TerminalSession): Promise<void> {
  await session.type('millrace topics create hello.kafka');
  await session.type(
    'millrace topics create hello.kafka.2 --partitions 3 --config retention.ms=172800000',
  );
  await session.type('millrace topics list');
  await session.type('millrace topics describe hello.kafka.2');
}

async function produceAndConsume(session: TerminalSession): Promise<void> {
  session.send('millrace produce hello.kafka\n');
  for (const line of ['hello', 'kafka', '0', '1']) {
    await session.expect('\n> '.slice(line === 'hello' ? 0 : 1));
    session.send(`${line}\n`);
  }
  await session.expect('> ');
  session.send(CTRL_D);
  await session.prompt();
  session.send('millrace produce hello.kafka --key-separator :\n');
  for (const line of ['key1:no1', 'key2:no2', 'key3:no3']) {
    await session.expect('> ');
    session.send(`${line}\n`);
  }
  await session.expect('> ');
  session.send(CTRL_C);
  await session.prompt();
  session.send('millrace consume hello.kafka --from-beginning\n');
  await session.expect('no3\r\n');
  session.send(CTRL_C);
  await session.prompt();
  session.send(
    'millrace consume hello.kafka --print key,value --separator - --group hello-group --from-beginning\n',
  );
  await session.expect('key3-no3\r\n');
  session.send(CTRL_C);
  await session.prompt();
}

async function groups(session: TerminalSession): Promise<void> {
  await session.type('millrace groups list');
  await session.type('millrace groups describe hello-group');
  await session.type('echo key4:no4 | millrace produce hello.kafka --key-separator :');
  await session.type('millrace groups describe hello-group');
  await session.type('millrace groups reset hello-group --topic hello.kafka --shift-by -2');
  await session.type(
    'millrace groups reset hello-group --topic hello.kafka --to-earliest --execute',
  );
}

async function alter(session: TerminalSession): Promise<void> {
  await session.type('millrace topics alter hello.kafka --partitions 4');
  await session.type('millrace topics alter hello.kafka --partitions 2; echo "code $?"');
  await session.type('millrace topics describe hello.kafka');
  await session.type('millrace configs alter --topic hello.kafka --set retention.ms=86400000');
  await session.type('millrace configs describe --topic hello.kafka');
}

async function verifiable(session: TerminalSession): Promise<void> {
  await session.type('millrace topics create verify-test');
  await session.type('millrace verify produce verify-test --max-messages 3');
  await session.type('millrace verify consume verify-test --group test-group --max-messages 3');
  session.send('millrace verify consume verify-test --group test-group\n');
  await session.expect('partitions_assigned');
  session.send(CTRL_C);
  await session.prompt();
}

async function deleteRecords(session: TerminalSession): Promise<void> {
  await session.type('cat delete.json');
  await session.type('millrace delete-records --json delete.json');
  await session.type('millrace offsets verify-test --time earliest');
  await session.type(
    'millrace consume verify-test --from-beginning --until-end 2>/dev/null | head -1',
  );
  await session.type('millrace log check | tail -1');
  await session.type('millrace topics describe hello.kafak; echo "code $?"');
}

describe.skipIf(why !== undefined)(`the hands-on notes in a terminal${name}`, () => {
  beforeAll(requireCommand);

  test.concurrent.for([80, 40])(
    'of %i columns show what the golden file says',
    { timeout: 300_000 },
    async (columns, { expect }) => {
      const directory = mkdtempSync(join(tmpdir(), 'millrace-terminal-'));
      writeFileSync(
        join(directory, 'delete.json'),
        '{"partitions":[{"topic":"verify-test","partition":0,"offset":2}],"version":1}\n',
      );
      const session = new TerminalSession(directory, columns);
      try {
        await session.prompt();
        await createAndDescribe(session);
        await produceAndConsume(session);
        await groups(session);
        await alter(session);
        await verifiable(session);
        await deleteRecords(session);
      } finally {
        await session.close();
        rmSync(directory, { recursive: true, force: true });
      }
      await expect(session.transcript()).toMatchFileSnapshot(`golden/terminal-${columns}.txt`);
    },
  );
});
