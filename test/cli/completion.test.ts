/** The completion scripts in the shells themselves. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_GROUPS } from '../../src/cli/command-table.js';
import { CommandWorld } from './command-world.js';

const runs = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-completion-'));
  const world = new CommandWorld();
  for (const shell of ['bash', 'zsh'])
    writeFileSync(join(directory, shell), (await world.type(`completion ${shell}`)).out);
  await world.close();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What bash would offer for the last of these words. */
function bash(words: readonly string[]): string[] {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['-c', script, 'bash', join(directory, 'bash'), ...words], {
    encoding: 'utf8',
  });
  return out.split('\n').filter((line) => line !== '');
}

describe.skipIf(!runs('bash'))('in bash', () => {
  test.each([
    [
      ['millrace', 'to'],
      ['topics', 'topology'],
    ],
    [
      ['millrace', 'topics', 'de'],
      ['describe', 'delete'],
    ],
    [['millrace', '--log', 'd', 'topics', 'cr'], ['create']],
    [['millrace', 'topics', 'create', 'order', '--pa'], ['--partitions']],
    [['millrace', 'consume', 'order', '--isolation', 'read_u'], ['read_uncommitted']],
    [['millrace', 'consume', 'order', 'other', '--until'], ['--until-end']],
    [['millrace', 'completion', 'z'], ['zsh']],
    [['millrace', 'topics', 'list', '--log', ''], []],
  ])('%j offers %j', (words, offered) => {
    expect(bash(words)).toEqual(offered);
  });

  test('every command and every option is offered', { timeout: 60_000 }, () => {
    for (const { word, commands } of COMMAND_GROUPS) {
      expect(bash(['millrace', word])).toContain(word);
      for (const command of commands)
        for (const name of Object.keys(command.options))
          expect(bash(['millrace', ...command.words, `--${name}`])).toContain(`--${name}`);
    }
  });
});

test.skipIf(!runs('zsh'))('zsh can read its script and offers the sub-commands', () => {
  const script = `compadd() { shift; print -l -- "$@" }; _files() { }; compdef() { }
source "$1"; words=(millrace topics ""); CURRENT=3; _millrace`;
  const out = execFileSync('zsh', ['-f', '-c', script, 'zsh', join(directory, 'zsh')], {
    encoding: 'utf8',
  });
  expect(out.split('\n')).toEqual(expect.arrayContaining(['create', 'list', 'describe']));
});
