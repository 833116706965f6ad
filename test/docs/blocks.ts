/**
 * The code blocks of README and docs as programs. ` ```ts ` is a whole program: compiled, run, and when a ` ```text `
 * block follows, its output must be that text. ` ```ts sketch ` is for what is not there yet, and is not allowed in the
 * README.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Block {
  /** `README.md:12`: the file and the line of the fence. */
  readonly where: string;
  readonly kind: 'program' | 'sketch';
  readonly code: string;
  readonly output: string | undefined;
}

const FENCE = /^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm;

export function blocksOf(file: string, text: string): Block[] {
  const fences = [...text.matchAll(FENCE)];
  const blocks: Block[] = [];
  fences.forEach((match, i) => {
    const [whole, language, mark = '', code = ''] = match;
    if (language !== 'ts') return;
    const line = text.slice(0, match.index).split('\n').length;
    const where = `${file}:${line}`;
    if (!['', 'sketch'].includes(mark)) throw new Error(`${where}: unknown mark '${mark}'`);
    const next = fences[i + 1];
    const between = next === undefined ? '' : text.slice(match.index + whole.length, next.index);
    const follows =
      next?.[1] === 'text' && between.split('\n').length <= 5 && !between.includes('#');
    blocks.push({
      where,
      kind: mark === 'sketch' ? 'sketch' : 'program',
      code,
      output: follows ? next?.[3] : undefined,
    });
  });
  return blocks;
}

export function documents(root: string): { file: string; text: string }[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true })
    .map((path) => `docs/${String(path).replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md'))
    .sort();
  return ['README.md', ...docs].map((file) => ({
    file,
    text: readFileSync(join(root, file), 'utf8'),
  }));
}
