/**
 * A shell in a real terminal (a pty that `script` of util-linux makes), driven by what it shows: a line is typed when
 * the prompt is there, and nothing is waited for that cannot be seen.
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Shown as nothing, so that no output looks like it. */
const READY = '@ready@';
/** Only a session that hangs takes so long. */
const PATIENCE_MS = 60_000;

/** `npm test` builds it. */
export function requireCommand(): void {
  if (!existsSync(COMMAND)) throw new Error('the command is not built: npm run build');
}

/** Why there can be no session here; undefined: there can. */
export function noTerminal(): string | undefined {
  if (spawnSync('script', ['-qfec', 'true', '/dev/null'], { stdio: 'pipe' }).status !== 0)
    return 'there is no `script` of util-linux, which makes the terminal';
  if (spawnSync('bash', ['--version']).status !== 0) return 'there is no bash';
  return undefined;
}

// oxlint-disable-next-line no-control-regex -- the escape that erases a line
const PROGRESS = /(?:\r\u001b\[K[^\r\n]*)*\r\u001b\[K/g;

export class TerminalSession {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  #shown = '';
  /** What was shown before the last thing that was waited for. */
  #seen = 0;
  #wake: () => void = () => undefined;

  /** `directory` is the working directory; `millrace` is the built command. */
  constructor(directory: string, columns: number) {
    const profile = join(directory, 'profile');
    writeFileSync(
      profile,
      `PS1='${READY}$ '; stty cols ${columns}; millrace() { '${process.execPath}' '${COMMAND}' "$@"; }\n`,
    );
    this.#child = spawn(
      'script',
      ['-qfec', `bash --rcfile '${profile}' --noprofile --noediting -i`, '/dev/null'],
      {
        cwd: directory,
        env: { PATH: process.env['PATH'], TERM: 'xterm', NO_COLOR: '1', LANG: 'C.UTF-8' },
      },
    );
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.stdout.setEncoding('utf8');
    this.#child.stdout.on('data', (text: string) => {
      this.#shown += text;
      this.#wake();
    });
  }

  /** Resolves when the shell waits for a line. */
  prompt(): Promise<void> {
    return this.expect(`${READY}$ `);
  }

  /** Types a line and waits for the next prompt. */
  async type(line: string): Promise<void> {
    this.send(`${line}\n`);
    await this.prompt();
  }

  send(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Resolves when `text` was shown behind what was waited for before. */
  async expect(text: string): Promise<void> {
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    try {
      for (;;) {
        const at = this.#shown.indexOf(text, this.#seen);
        if (at >= 0) {
          this.#seen = at + text.length;
          return;
        }
        if (this.#child.exitCode !== null || this.#child.signalCode !== null)
          throw new Error(
            `The session ended before it showed ${JSON.stringify(text)}:\n${this.#shown}`,
          );
        await Promise.race([this.#ended, new Promise<void>((resolve) => (this.#wake = resolve))]);
      }
    } finally {
      clearTimeout(patience);
    }
  }

  /** Everything that was shown, with plain line ends and prompts, and steady times. */
  transcript(): string {
    return (
      this.#shown
        .replaceAll('\r\n', '\n')
        .replaceAll(READY, '')
        // Progress that came and went; whether it comes is a matter of speed.
        .replaceAll(PROGRESS, '')
        .replaceAll(/"timestamp":\d+/g, '"timestamp":0')
        .replaceAll(/"avg_throughput":[\d.e+-]+/g, '"avg_throughput":0')
        .replace(/\$ exit\n(?:exit\n)?$/, '')
    );
  }

  async close(): Promise<void> {
    this.send('exit\n');
    await this.#ended;
  }
}
