// Writes docs/command.md from the definitions of the commands. A test compares the page with them.
import { writeFileSync } from 'node:fs';
import { helpPage } from '../dist/cli/help-page.js';

writeFileSync(new URL('../docs/command.md', import.meta.url), helpPage());
