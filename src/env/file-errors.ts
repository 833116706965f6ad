/**
 * What a failed file call becomes: one `StreamsError` with a stable code, the file and what to do about it. Used
 * by the file systems and by whoever hears of a failed call from another thread, where only code and text arrive.
 */
import { StreamsError, type ErrorCode } from '../errors.js';

const CODES: { readonly [errno: string]: ErrorCode } = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EROFS: 'DIRECTORY_READ_ONLY',
  EACCES: 'DIRECTORY_READ_ONLY',
  EPERM: 'DIRECTORY_READ_ONLY',
};

const ADVICE: { readonly [errno: string]: string } = {
  ENOSPC: 'The disk is full: free space, then open the log again.',
  EDQUOT: 'The quota of this user is used up: free space, then open the log again.',
  EROFS: 'The file system is mounted read-only: mount it writable or choose another directory.',
  EACCES: 'This user may not do that here: check owner and permissions of the directory.',
  EPERM: 'This user may not do that here: check owner and permissions of the directory.',
  EMFILE: 'This process has too many open files: raise its limit (ulimit -n).',
  ENFILE: 'The machine has too many open files.',
  ENOENT: 'The file is not there; was it deleted or moved while it was in use?',
  EIO: 'The device reports an error: check the disk before you go on.',
};

/** `errno` is the system's name of the error, `ENOSPC` for example. */
export function fileError(
  errno: string | undefined,
  what: string,
  file: string,
  cause?: unknown,
): StreamsError {
  const code = (errno === undefined ? undefined : CODES[errno]) ?? 'IO_FAILED';
  const advice =
    (errno === undefined ? undefined : ADVICE[errno]) ?? 'Check the disk and the directory.';
  return new StreamsError(
    code,
    `Could not ${what} ${file} (${errno ?? 'unknown error'}). ${advice}`,
    {
      file,
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
