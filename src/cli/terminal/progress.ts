/**
 * One line on the terminal that says how far long work is, and goes away when it is done. Nothing without a terminal:
 * a log file of a build wants no half lines.
 */
import type { CommandIo } from '../command-io.js';
import { beginning } from './text-width.js';

const INTERVAL_MS = 100;
/** Work that is done sooner needs no progress. */
const DELAY_MS = 500;
const ERASE_LINE = '\r\u001b[K';

export class Progress {
  readonly #io: CommandIo;
  #dueMs: number;
  #shown = false;

  constructor(io: CommandIo) {
    this.#io = io;
    this.#dueMs = io.env.clock.monotonic() + DELAY_MS;
  }

  /** `text` is asked for only when it is time to show it. */
  show(text: () => string): void {
    const { terminal } = this.#io.err;
    if (terminal === undefined) return;
    const now = this.#io.env.clock.monotonic();
    if (now < this.#dueMs) return;
    this.#dueMs = now + INTERVAL_MS;
    this.#shown = true;
    void this.#io.err.write(`${ERASE_LINE}${beginning(text(), Math.max(1, terminal.columns - 1))}`);
  }

  done(): void {
    if (this.#shown) void this.#io.err.write(ERASE_LINE);
    this.#shown = false;
  }
}

/** ` 42 %`, as far as a total is known. */
export function percent(done: number, total: number): string {
  return total > 0 ? `${Math.min(100, Math.floor((done / total) * 100))} %` : '';
}
