/**
 * Holds a directory against other processes, so that a log has one writer. Guarantees: one holder per directory
 * on a machine, a refusal names the holder, and a holder that was killed never blocks the next start.
 *
 * Node has no `flock`. On Linux an abstract unix socket named after the directory's device and inode does it: the
 * kernel gives the name to one process and takes it back when that process dies. A `lock` file beside it tells who
 * holds the directory, and covers what the socket cannot see (containers that share a volume, other systems):
 *
 *     holder on this boot and in this pid namespace -> alive exactly if its pid has the same start time and is not dying
 *     same host name, another boot                  -> dead
 *     anywhere else                                 -> alive while the file's time is refreshed
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StreamsError } from '../errors.js';
import type { DirectoryLock } from './file-system.js';

const LOCK_FILE = 'lock';
const REFRESH_MS = 2_000;
/** A holder that cannot be looked at counts as dead when its file was not refreshed for this long. */
const SILENT_MS = 15_000;
/** A killed process keeps its socket until its last thread has left its last system call. */
const DYING_MS_MAX = 10_000;
const DYING_STEP_MS = 2;

export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** Distinguishes two locks of one process. */
  nonce(): string;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly bootId: string;
  readonly pidNamespace: string;
  /** Start time of the process in clock ticks since boot: a reused pid has another one. */
  readonly started: string;
  readonly since: string;
  readonly nonce: string;
}

export function lockDirectory(directory: string, owner: LockOwner): DirectoryLock {
  const path = join(directory, LOCK_FILE);
  const socket = bindWhenFree(directory, path);
  try {
    const holder = readHolder(path);
    if (holder !== undefined && isAlive(holder, path, socket !== undefined))
      throw locked(directory, holder);
    const nonce = owner.nonce();
    const { pid, bootId, pidNamespace, started } = describeProcess(owner.pid);
    takeFile(path, {
      pid,
      bootId,
      pidNamespace,
      started,
      host: owner.host,
      since: new Date().toISOString(),
      nonce,
    });
    const refresh = setInterval(() => touch(path), REFRESH_MS);
    refresh.unref();
    return new HeldLock(path, nonce, socket, refresh);
  } catch (error) {
    socket?.close();
    throw error;
  }
}

/** Refuses as `lockDirectory` does and writes nothing; while it is held, the socket keeps writers out. */
export function guardDirectory(directory: string): DirectoryLock {
  const path = join(directory, LOCK_FILE);
  const socket = bindWhenFree(directory, path);
  const holder = readHolder(path);
  if (holder === undefined || !isAlive(holder, path, socket !== undefined))
    return { release: () => void socket?.close() };
  socket?.close();
  throw locked(directory, holder);
}

class HeldLock implements DirectoryLock {
  readonly #path: string;
  readonly #nonce: string;
  readonly #socket: Server | undefined;
  readonly #refresh: NodeJS.Timeout;
  #released = false;

  constructor(path: string, nonce: string, socket: Server | undefined, refresh: NodeJS.Timeout) {
    this.#path = path;
    this.#nonce = nonce;
    this.#socket = socket;
    this.#refresh = refresh;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    clearInterval(this.#refresh);
    // Never remove a file that somebody else took over; a left-over file of ours is recognised as dead.
    if (readHolder(this.#path)?.nonce === this.#nonce) fs.rmSync(this.#path, { force: true });
    this.#socket?.close();
  }
}

/** The socket, once a holder that is dying has let go of it. Throws `LOG_LOCKED` when the holder is alive. */
function bindWhenFree(directory: string, path: string): Server | undefined {
  for (let waitedMs = 0; ; waitedMs += DYING_STEP_MS) {
    const socket = bindSocket(directory);
    if (socket !== 'taken') return socket;
    const holder = readHolder(path);
    if (holder === undefined || !isDying(holder) || waitedMs >= DYING_MS_MAX)
      throw locked(directory, holder);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DYING_STEP_MS);
  }
}

/** The holder was killed and is on its way out, or gone: it runs no more code of ours. */
function isDying(holder: Holder): boolean {
  const here = describeProcess(holder.pid);
  const comparable = holder.bootId === here.bootId && holder.pidNamespace === here.pidNamespace;
  return comparable && (here.started !== holder.started || here.dying);
}

/** The socket, `taken`, or undefined where there are no abstract sockets. */
function bindSocket(directory: string): Server | 'taken' | undefined {
  if (process.platform !== 'linux') return undefined;
  const { dev, ino } = fs.statSync(directory, { bigint: true });
  const name = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32);
  const server = createServer((connection) => connection.destroy());
  // The name is bound inside `listen`; a refusal is also emitted later, when the answer below was given already.
  server.on('error', () => {});
  server.listen({ path: `\0millrace-${name}`, exclusive: true });
  if (!server.listening) return 'taken';
  server.unref();
  return server;
}

/** Puts our file in place of a dead holder's; whole at once, so that a reader never sees half of it. */
function takeFile(path: string, holder: Holder): void {
  const mine = `${path}.${holder.nonce}`;
  fs.writeFileSync(mine, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  fs.renameSync(mine, path);
}

function touch(path: string): void {
  try {
    const now = new Date();
    fs.utimesSync(path, now, now);
  } catch {
    // The directory went away or became read-only: the journal's next write says so better than we can.
  }
}

function isAlive(holder: Holder, path: string, socketHeld: boolean): boolean {
  const here = describeProcess(holder.pid);
  if (
    holder.bootId !== '' &&
    holder.bootId === here.bootId &&
    holder.pidNamespace === here.pidNamespace
  ) {
    // With the socket in hand, a file of this very process is what an unfinished release left behind.
    if (socketHeld && holder.pid === process.pid) return false;
    return here.started !== '' && here.started === holder.started && !here.dying;
  }
  if (holder.host === hostname()) {
    if (holder.bootId !== '' && here.bootId !== '' && holder.bootId !== here.bootId) return false;
    if (holder.bootId === '' && !processExists(holder.pid)) return false;
  }
  return Date.now() - fs.statSync(path).mtimeMs < SILENT_MS;
}

interface ProcessDescription {
  readonly pid: number;
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly started: string;
  /** Killed, exiting, or dead and not yet reaped by its parent. */
  readonly dying: boolean;
}

const EXITING_FLAG = 0x4;
const SIGKILL_BIT = 0x100n;

/** Empty strings where the system does not tell; `started` is empty too when there is no such process. */
function describeProcess(pid: number): ProcessDescription {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may contain anything; start time is field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    bootId: readText('/proc/sys/kernel/random/boot_id').trim(),
    pidNamespace: readLink('/proc/self/ns/pid'),
    started: fields[19] ?? '',
    dying:
      fields[0] === 'Z' ||
      fields[0] === 'X' ||
      (Number(fields[6]) & EXITING_FLAG) !== 0 ||
      hasPendingKill(pid),
  };
}

/** The signal was sent and the process has not begun to die, because it is inside a system call. */
function hasPendingKill(pid: number): boolean {
  const pending = /^S(?:ig|hd)Pnd:\s*([0-9a-f]+)$/gm;
  for (const [, mask] of readText(`/proc/${pid}/status`).matchAll(pending))
    if ((BigInt(`0x${mask}`) & SIGKILL_BIT) !== 0n) return true;
  return false;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(readText(path));
    return isHolder(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>; // any object can be asked for its fields
  const texts = [
    fields.host,
    fields.bootId,
    fields.pidNamespace,
    fields.started,
    fields.since,
    fields.nonce,
  ];
  return typeof fields.pid === 'number' && texts.every((text) => typeof text === 'string');
}

function readText(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return fs.readlinkSync(path);
  } catch {
    return '';
  }
}

function locked(directory: string, holder: Holder | undefined): StreamsError {
  const who =
    holder === undefined
      ? 'a process that is just opening or closing it'
      : `${holder.pid === process.pid && holder.host === hostname() ? 'this very process' : 'process'} ${holder.pid} on ${holder.host}, since ${holder.since}`;
  return new StreamsError(
    'LOG_LOCKED',
    `The directory ${directory} is in use by ${who}. One process can open it at a time: close the other one, or choose another directory.`,
    { file: join(directory, LOCK_FILE) },
  );
}
