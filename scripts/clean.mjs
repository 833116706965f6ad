// Removes build folders, so that a package never carries the output of a deleted source file.
import { rmSync } from 'node:fs';

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true });
