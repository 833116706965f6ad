/**
 * Names in a log's directory, and the file that says what it is:
 *
 *     millrace.json               { format, logId }: written last when a log is made, so that it marks a whole one
 *     lock                        who has the directory open
 *     journal-<20 digits>         journal files, consecutive; `.new` while one is being made
 *     <topic>-<partition>/        segments
 */
import { dirname } from 'node:path';
import type { FileSystem } from '../../env/file-system.js';
import { StreamsError } from '../../errors.js';

export const FORMAT_VERSION = 1;
export const NEW_SUFFIX = '.new';
/** Of a segment that is being cleaned; `segment-replacement.ts` tells what happens to it. */
export const CLEANED_SUFFIX = '.cleaned';
const FORMAT_FILE = 'millrace.json';
export const JOURNAL_NAME = /^journal-(\d{20})$/;

export const journalPath = (directory: string, number: number): string =>
  `${directory}/journal-${String(number).padStart(20, '0')}`;

export const partitionDirectory = (directory: string, topic: string, partition: number): string =>
  `${directory}/${topic}-${partition}`;

/** Makes the directory with its missing parents, each of them an entry that a power cut would take back otherwise. */
export function makeDurableDirectory(files: FileSystem, directory: string): void {
  const missing: string[] = [];
  for (let path = directory; !files.exists(path) && dirname(path) !== path; path = dirname(path))
    missing.push(path);
  files.makeDirectory(directory);
  for (const path of missing.toReversed()) files.syncDirectory(dirname(path));
}

/** Numbers of the journal files, ascending. */
export function journalNumbers(files: FileSystem, directory: string): number[] {
  const numbers: number[] = [];
  for (const name of files.list(directory)) {
    const match = JOURNAL_NAME.exec(name);
    if (match !== null) numbers.push(Number(match[1]));
  }
  return numbers.toSorted((a, b) => a - b);
}

/** What a crash left of files that were being made. */
export function removeUnfinished(files: FileSystem, directory: string): void {
  for (const name of files.list(directory)) {
    if (name.endsWith(NEW_SUFFIX)) files.remove(`${directory}/${name}`);
  }
}

/** The log's id, or undefined when the directory is not a log yet. Throws `LOG_FORMAT_NEWER`, `LOG_CORRUPT`. */
export function readFormat(files: FileSystem, directory: string): Buffer | undefined {
  const path = `${directory}/${FORMAT_FILE}`;
  if (!files.exists(path)) return undefined;
  const format = parseFormat(readWhole(files, path));
  if (format === undefined) {
    throw new StreamsError(
      'LOG_CORRUPT',
      `${path} is not what a log writes there. Restore the directory from a copy.`,
      { file: path },
    );
  }
  if (format.format > FORMAT_VERSION) {
    throw new StreamsError(
      'LOG_FORMAT_NEWER',
      `${directory} was written by a newer millrace (format ${format.format}; this one knows ${FORMAT_VERSION}). Nothing was changed: use that version, or another directory.`,
      { file: path },
    );
  }
  return Buffer.from(format.logId.replaceAll('-', ''), 'hex');
}

export function writeFormat(files: FileSystem, directory: string, logId: string): void {
  const path = `${directory}/${FORMAT_FILE}`;
  writeNew(files, path, Buffer.from(`${JSON.stringify({ format: FORMAT_VERSION, logId })}\n`));
  files.syncDirectory(directory);
}

/** A whole file appears under its name or none does; the entry is durable when the directory is synced. */
export function writeNew(files: FileSystem, path: string, bytes: Buffer): void {
  if (files.exists(path + NEW_SUFFIX)) files.remove(path + NEW_SUFFIX);
  const handle = files.open(path + NEW_SUFFIX, 'create');
  try {
    handle.write(bytes, 0);
    handle.datasync();
  } finally {
    handle.close();
  }
  files.rename(path + NEW_SUFFIX, path);
}

export function readWhole(files: FileSystem, path: string): Buffer {
  const handle = files.open(path, 'read');
  try {
    const bytes = Buffer.allocUnsafeSlow(handle.size());
    return bytes.subarray(0, handle.read(bytes, 0));
  } finally {
    handle.close();
  }
}

/** Undefined when there is no such file. */
export function fileSize(files: FileSystem, path: string): number | undefined {
  if (!files.exists(path)) return undefined;
  const handle = files.open(path, 'read');
  try {
    return handle.size();
  } finally {
    handle.close();
  }
}

function parseFormat(
  bytes: Buffer,
): { readonly format: number; readonly logId: string } | undefined {
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    if (
      typeof parsed !== 'object' ||
      parsed === null ||
      !('format' in parsed) ||
      !('logId' in parsed)
    )
      return undefined;
    const { format, logId } = parsed;
    if (typeof format !== 'number' || typeof logId !== 'string') return undefined;
    return { format, logId };
  } catch {
    return undefined;
  }
}
