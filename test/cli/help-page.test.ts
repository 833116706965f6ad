/** docs/command.md is what the commands say about themselves. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { helpPage } from '../../src/cli/help-page.js';

test('docs/command.md is the help; `npm run docs:command` writes it anew', () => {
  const page = readFileSync(new URL('../../docs/command.md', import.meta.url), 'utf8');
  expect(page).toBe(helpPage());
});
