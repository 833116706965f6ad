/**
 * Reads the journal files of a log back and decides what they mean, changing nothing:
 *
 *     valid groups ............ bad group ...... only zeros or garbage      -> torn tail, of the newest file: cut
 *     valid groups ............ bad group ...... a valid group              -> damage: refused
 *     valid groups, then a file that begins after more of them              -> damage: refused
 *
 * With one group in flight, a group is written only when the one before it is durable: a valid group proves that all
 * before it were acknowledged. Only without fsync (durability 'os') this does not hold, and the tail is cut.
 */
import type { FileSystem } from '../../env/file-system.js';
import { StreamsError } from '../../errors.js';
import {
  BadGroup,
  decodeFileHeader,
  decodeGroup,
  FILE_HEADER_BYTES,
  GROUP_MAGIC,
  groupSequence,
  JOURNAL_VERSION,
  type Group,
  type JournalFileHeader,
} from './journal-format.js';
import { journalNumbers, journalPath, readWhole } from './log-directory.js';

export interface JournalFile {
  readonly path: string;
  readonly version: number;
  readonly header: JournalFileHeader;
  /** The first one is a snapshot. */
  readonly groups: readonly Group[];
  readonly end: number;
  readonly tornBytes: number;
}

/** The files that recovery needs, oldest first, and the numbers of those that it does not. */
export interface JournalChain {
  readonly files: readonly JournalFile[];
  readonly numbers: readonly number[];
}

/** Throws `LOG_CORRUPT` naming file and byte. */
export function readJournals(
  files: FileSystem,
  directory: string,
  logId: Buffer | undefined,
): JournalChain {
  const numbers = journalNumbers(files, directory);
  const chain: JournalFile[] = [];
  let next: JournalFile | undefined;
  // From the newest back to the one that needs no former one, or whose former one is gone because nobody needs it.
  for (const number of numbers.toReversed()) {
    if (next !== undefined && (next.header.formerEnd === 0 || number !== next.header.number - 1))
      break;
    next = readJournal(files, journalPath(directory, number), number, logId, next?.header);
    chain.unshift(next);
  }
  return { files: chain, numbers };
}

function readJournal(
  files: FileSystem,
  path: string,
  number: number,
  logId: Buffer | undefined,
  next: JournalFileHeader | undefined,
): JournalFile {
  const bytes = readWhole(files, path);
  const header = decodeFileHeader(bytes);
  if (header === undefined || header.number !== number)
    throw journalDamage(path, 0, 'its header is damaged');
  const { version } = header;
  if (version > JOURNAL_VERSION) {
    throw new StreamsError(
      'LOG_FORMAT_NEWER',
      `${path} was written by a newer millrace (journal version ${version}). Nothing was changed: use that version.`,
      { file: path },
    );
  }
  if (logId !== undefined && !header.logId.equals(logId))
    throw journalDamage(path, 24, 'it belongs to another log');
  const groups: Group[] = [];
  let at = FILE_HEADER_BYTES;
  let sequence = header.firstSequence;
  let bad: BadGroup | undefined;
  while (bad === undefined && (next === undefined ? at < bytes.length : at < next.formerEnd)) {
    const group = decodeGroup(bytes, at, number, sequence);
    if (group instanceof BadGroup) bad = group;
    else {
      groups.push(group);
      at = group.end;
      sequence++;
    }
  }
  // A file gets its name when its first group is durable.
  if (groups.length === 0) throw journalDamage(path, at, 'its first group is damaged');
  if (next !== undefined) {
    if (bad !== undefined) throw journalDamage(path, bad.position, bad.what);
    if (at !== next.formerEnd || sequence !== next.firstSequence)
      throw journalDamage(path, at, `it should end at byte ${next.formerEnd}`);
    return { path, version, header, groups, end: at, tornBytes: 0 };
  }
  return {
    path,
    version,
    header,
    groups,
    end: at,
    tornBytes: tornTail(bytes, at, path, header, sequence, bad),
  };
}

/** Bytes of the torn tail. Throws when it is damage instead. */
function tornTail(
  bytes: Buffer,
  at: number,
  path: string,
  header: JournalFileHeader,
  sequence: number,
  bad: BadGroup | undefined,
): number {
  let last = bytes.length;
  while (last > at && bytes[last - 1] === 0) last--;
  if (last === at || bad === undefined) return 0;
  if (!header.unsynced) {
    for (
      let found = bytes.indexOf(GROUP_MAGIC, at + 1);
      found >= 0;
      found = bytes.indexOf(GROUP_MAGIC, found + 1)
    ) {
      if (groupSequence(bytes, found, header.number) > sequence) {
        throw journalDamage(
          path,
          bad.position,
          `${bad.what}, and a later group (at byte ${found}) proves that it was acknowledged`,
        );
      }
    }
  }
  return last - at;
}

export function journalDamage(path: string, position: number, what: string): StreamsError {
  return new StreamsError(
    'LOG_CORRUPT',
    `Damage in ${path} at byte ${position}: ${what}. Nothing was skipped and nothing was changed. Restore the directory from a copy.`,
    { file: path, offset: position },
  );
}
