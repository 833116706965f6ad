/**
 * The architecture as checks on source text: which room may import which, what only `env` may touch, sizes and
 * names. Each rule takes files as data and returns sentences, so that a planted violation can be shown to it.
 */
import { posix } from 'node:path';

export interface SourceFile {
  /** From the repository root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export type Rule = (file: SourceFile) => string[];

export const LINES_FULL = 400;
export const LINES_MAX = 600;

const DOORS = new Set(['index', 'testing', 'avro', 'kafka']);
/** Contracts on the ground floor: every room may import them. */
const LEAVES = new Set(['errors', 'duration', 'nearest-name', 'arguments', 'log/client']);
/** The codec inside `log`: pure functions over bytes, known to engine, adapter and the task that decodes. */
const CODEC = new Set([
  'log/client',
  'log/batch-header',
  'log/record-batch',
  'log/record-cursor',
  'log/crc32c',
  'log/murmur2',
]);

/** Which rooms a room may import besides itself and the leaves. */
const MAY_IMPORT: { readonly [room: string]: readonly string[] } = {
  door: ['door', 'cli', 'dsl', 'runtime', 'processor', 'state', 'log', 'codec', 'serde', 'env'],
  cli: ['door', 'dsl', 'runtime', 'processor', 'state', 'log', 'codec', 'serde', 'env'],
  dsl: ['processor', 'state', 'serde', 'env'],
  runtime: ['processor', 'state', 'log', 'codec', 'serde', 'env'],
  processor: ['state', 'codec', 'serde', 'env'],
  state: ['serde', 'env'],
  log: ['engine', 'codec', 'wire', 'serde', 'env'],
  engine: ['codec', 'wire', 'serde', 'env'],
  adapter: ['codec', 'wire', 'serde', 'env'],
  wire: ['codec', 'env'],
  codec: ['env'],
  serde: ['env'],
  env: [],
  leaf: ['leaf'],
};

/** The room of a module, given its path below `src` without extension. */
export function roomOf(module: string): string {
  if (!module.includes('/') && DOORS.has(module)) return 'door';
  if (module.startsWith('log/engine/')) return 'engine';
  if (module.startsWith('log/kafka/')) return 'adapter';
  if (module.startsWith('log/wire/')) return 'wire';
  if (CODEC.has(module) || module.startsWith('log/compression/')) return 'codec';
  if (LEAVES.has(module)) return 'leaf';
  return module.split('/', 1)[0] ?? '';
}

const moduleOf = (path: string) => path.replace(/^src\//, '').replace(/\.(d\.ts|[cm]?[jt]s)$/, '');

const IMPORT =
  /\b(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;

export function importsOf(text: string): string[] {
  return [...withoutComments(text).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '');
}

export const importsGoDown: Rule = ({ path, text }) => {
  const from = moduleOf(path);
  const room = roomOf(from);
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) return [`${path}: '${room}' is not a room of the house`];
  const wrong: string[] = [];
  for (const specifier of importsOf(text)) {
    if (!specifier.startsWith('.')) continue;
    const to = moduleOf(posix.normalize(posix.join('src', posix.dirname(from), specifier)));
    const target = roomOf(to);
    // Within `log`, the typed face and the engine are rooms of their own; elsewhere a room is a folder.
    if (target === room || LEAVES.has(to) || allowed.includes(target)) continue;
    wrong.push(`${path}: ${room} must not import ${to} (${target})`);
  }
  return wrong;
};

const OUTSIDE_WORLD: readonly (readonly [RegExp, string])[] = [
  [/\bDate\b/, 'Date'],
  [/\bMath\.random\b/, 'Math.random'],
  [/\b(?:set|clear)(?:Timeout|Interval|Immediate)\b/, 'timers'],
  [/\bperformance\b/, 'performance'],
  [/\bprocess\./, 'process'],
  [/\bcrypto\.(?:random|getRandom)/, 'random bytes'],
];
const OUTSIDE_MODULES =
  /^(?:node:)?(?:fs|fs\/promises|net|tls|dgram|http|https|timers|timers\/promises|perf_hooks|child_process|os|crypto)$/;

/** Time, randomness, files, network and the process are reached through `env` alone. */
export const onlyEnvTouchesTheWorld: Rule = ({ path, text }) => {
  if (path.startsWith('src/env/') || path.startsWith('src/log/kafka/')) return [];
  const command = path.startsWith('src/cli/');
  const code = withoutComments(text, true);
  const ownProcess = /\bconst\s*\{[^}]*\bprocess\b[^}]*\}\s*=/.test(code); // the one of env, taken out of it
  const wrong = OUTSIDE_WORLD.filter(
    ([pattern, name]) => pattern.test(code) && !(name === 'process' && (command || ownProcess)),
  ).map(([, name]) => `${path}: ${name} is only for src/env`);
  for (const specifier of importsOf(text)) {
    if (OUTSIDE_MODULES.test(specifier)) wrong.push(`${path}: ${specifier} is only for src/env`);
  }
  if (!command && /\bconsole\./.test(code)) wrong.push(`${path}: console is only for src/cli`);
  return wrong;
};

export const noExportStar: Rule = ({ path, text }) =>
  /\bexport\s*\*/.test(withoutComments(text, true))
    ? [`${path}: export * hides what a door offers`]
    : [];

/** A `let` at the left margin is state that two applications in one process would share. */
export const noModuleState: Rule = ({ path, text }) =>
  /^(?:export\s+)?(?:let|var)\s/m.test(withoutComments(text, true))
    ? [`${path}: module-level let`]
    : [];

export const noTypeHoles: Rule = ({ path, text }) => {
  const wrong = /@ts-(?:ignore|nocheck)/.test(text) ? [`${path}: @ts-ignore`] : [];
  const code = withoutComments(text, true);
  if (/(?:\bas\s+any\b|[:<,|]\s*any\b(?!\w))/.test(code)) wrong.push(`${path}: any`);
  return wrong;
};

export const bounded: Rule = ({ path, text }) => {
  const lines = lineCount(text);
  return lines > LINES_MAX
    ? [`${path}: ${lines} lines; ${LINES_FULL} is full, ${LINES_MAX} a failure`]
    : [];
};

const BANNED = /^(?:(?:.*-)?(?:utils?|helpers?|commons?|misc)|types?|shared)$/;

export const namedForOneThing: Rule = ({ path }) => {
  const name = posix.basename(path).replace(/\..*$/, '');
  if (BANNED.test(name)) return [`${path}: '${name}' says nothing; name the one thing inside`];
  return /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) ? [] : [`${path}: file names are kebab-case`];
};

/** Every file begins with a paragraph that says what it is. */
export const introducesItself: Rule = ({ path, text }) =>
  /^(?:#!.*\n)?\s*(?:\/\*|\/\/)/.test(text)
    ? []
    : [`${path}: begins without a paragraph that says what it is`];

export const lineCount = (text: string) => text.replace(/\n$/, '').split('\n').length;

const REGEX_MAY_FOLLOW =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|yield|await))$/;

/**
 * The text without comments and, if asked, without the contents of strings and regular expressions. Code inside
 * `${...}` of a template stays. A small scanner is enough here: it only has to be right about our own style.
 */
export function withoutComments(text: string, dropStrings = false): string {
  let out = '';
  let at = 0;
  const templates: number[] = []; // open braces since each enclosing `${`
  const literal = (end: number) => {
    out += dropStrings ? '""' : text.slice(at, end);
    at = end;
  };
  while (at < text.length) {
    const char = text[at] ?? '';
    const next = text[at + 1];
    const depth = templates.at(-1);
    if (char === '/' && next === '/') at = endOf(text, '\n', at);
    else if (char === '/' && next === '*') at = endOf(text, '*/', at + 2) + 2;
    else if (char === "'" || char === '"') literal(closing(text, at, char));
    else if (char === '/' && REGEX_MAY_FOLLOW.test(out.trimEnd())) literal(closingRegex(text, at));
    else if (char === '`' || (char === '}' && depth === 0)) {
      if (char === '}') templates.pop();
      const end = templatePart(text, at + 1);
      if (text[end - 1] === '{') templates.push(0);
      literal(end);
    } else {
      if (depth !== undefined && char === '{') templates.push((templates.pop() ?? 0) + 1);
      if (depth !== undefined && char === '}') templates.push((templates.pop() ?? 0) - 1);
      out += char;
      at++;
    }
  }
  return out;
}

const endOf = (text: string, mark: string, from: number) => {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end;
};

function closing(text: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n')
    at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function closingRegex(text: string, start: number): number {
  let at = start + 1;
  let inClass = false;
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true;
    if (text[at] === ']') inClass = false;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

/** The end of a template's text: after the closing backtick, or after the `${` that interrupts it. */
function templatePart(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    if (text[at] === '\\') at += 2;
    else if (text[at] === '`') return at + 1;
    else if (text[at] === '$' && text[at + 1] === '{') return at + 2;
    else at++;
  }
  return at;
}

export const RULES: { readonly [name: string]: Rule } = {
  'imports go down': importsGoDown,
  'only env touches the outside world': onlyEnvTouchesTheWorld,
  'no export *': noExportStar,
  'no module-level mutable state': noModuleState,
  'no holes in the types': noTypeHoles,
  'no file is over its size': bounded,
  'files are named for the one thing inside': namedForOneThing,
  'files introduce themselves': introducesItself,
};
