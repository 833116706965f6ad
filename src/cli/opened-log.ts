/** A log for as long as a command needs it. */
import type { Log } from '../log/log.js';
import type { CommandIo } from './command-io.js';

interface Place {
  /** The directory. */
  readonly log: string;
}

/** Opens the log that is there, runs, closes it also after a failure. */
export function withLog<T>(
  io: CommandIo,
  { log: directory }: Place,
  run: (log: Log) => Promise<T>,
): Promise<T> {
  return closedAfter(io.openLog(directory, { create: false }), run);
}

/** As `withLog`, and makes the log if there is none. */
export function withNewLog<T>(
  io: CommandIo,
  { log: directory }: Place,
  run: (log: Log) => Promise<T>,
): Promise<T> {
  return closedAfter(io.openLog(directory, { create: true }), run);
}

async function closedAfter<T>(opening: Promise<Log>, run: (log: Log) => Promise<T>): Promise<T> {
  const log = await opening;
  try {
    return await run(log);
  } finally {
    await log.close();
  }
}
