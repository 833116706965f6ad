// @ts-check
/**
 * A file program: file calls as numbers, carried out one after the other without a decision in between. It is
 * plain JavaScript because a worker thread runs it from the sources too, where nothing translates TypeScript; the
 * thread and the simulator run this same code. It knows bytes and files, nothing of logs.
 *
 *     one call = five numbers: | code | file id | position | data at | data length |
 *     paths and bytes stand in the program's data at [data at, data at + data length)
 */

/** @typedef {{ write(bytes: Uint8Array, position: number): void, datasync(): void, truncate(size: number): void, close(): void }} ProgramFile */
/**
 * @typedef {object} ProgramFiles What a program may do.
 * @property {(path: string, mode: 'write' | 'create') => ProgramFile} open
 * @property {(path: string) => boolean} exists
 * @property {(path: string) => void} makeDirectory
 * @property {(from: string, to: string) => void} rename
 * @property {(path: string) => void} remove
 * @property {(path: string) => string[]} list
 * @property {(path: string) => void} removeDirectory
 * @property {(path: string) => void} syncDirectory
 */

export const CALL_NUMBERS = 5;

export const CALL = Object.freeze({
  /** Opens an existing file for writing. */
  OPEN: 1,
  /** Opens a new, empty file; one of that name loses its contents. */
  CREATE: 2,
  WRITE: 3,
  /** Writes `length` zeros. */
  ZERO: 4,
  DATASYNC: 5,
  TRUNCATE: 6,
  CLOSE: 7,
  /** `position` is the length of the first of two paths. */
  RENAME: 8,
  REMOVE: 9,
  MAKE_DIRECTORY: 10,
  /** Removes the files in a directory, then the directory. Nothing happens if it is not there. */
  REMOVE_DIRECTORY: 11,
  SYNC_DIRECTORY: 12,
  /** Everything up to here is done: the listener is told at once. */
  MARK: 13,
});

const ZEROS = new Uint8Array(65_536);

/**
 * Runs the calls [from, to) and returns `to`, or the position after a MARK.
 * @param {ProgramFiles} files
 * @param {Map<number, ProgramFile>} open file id -> file, kept from program to program
 * @param {Float64Array} calls
 * @param {Uint8Array} data
 * @param {number} from
 * @param {number} to
 * @returns {number}
 */
export function runProgram(files, open, calls, data, from, to) {
  for (let i = from; i < to; i++) {
    if (calls[i * CALL_NUMBERS] === CALL.MARK) return i + 1;
    runCall(files, open, calls, data, i * CALL_NUMBERS);
  }
  return to;
}

/**
 * @param {ProgramFiles} files
 * @param {Map<number, ProgramFile>} open
 * @param {Float64Array} calls
 * @param {Uint8Array} data
 * @param {number} at
 */
function runCall(files, open, calls, data, at) {
  const [code = 0, id = 0, position = 0, start = 0, length = 0] = calls.subarray(
    at,
    at + CALL_NUMBERS,
  );
  const path = () => text(data, start, length);
  switch (code) {
    case CALL.OPEN:
      open.set(id, files.open(path(), 'write'));
      break;
    case CALL.CREATE:
      open.set(id, createEmpty(files, path()));
      break;
    case CALL.WRITE:
      file(open, id).write(data.subarray(start, start + length), position);
      break;
    case CALL.ZERO:
      for (let done = 0; done < length; done += ZEROS.length) {
        file(open, id).write(
          ZEROS.subarray(0, Math.min(ZEROS.length, length - done)),
          position + done,
        );
      }
      break;
    case CALL.DATASYNC:
      file(open, id).datasync();
      break;
    case CALL.TRUNCATE:
      file(open, id).truncate(position);
      break;
    case CALL.CLOSE:
      file(open, id).close();
      open.delete(id);
      break;
    case CALL.RENAME:
      files.rename(text(data, start, position), text(data, start + position, length - position));
      break;
    case CALL.REMOVE:
      if (files.exists(path())) files.remove(path());
      break;
    case CALL.MAKE_DIRECTORY:
      files.makeDirectory(path());
      break;
    case CALL.REMOVE_DIRECTORY:
      removeDirectory(files, path());
      break;
    case CALL.SYNC_DIRECTORY:
      // A directory that was removed meanwhile has no entries to keep.
      if (files.exists(path())) files.syncDirectory(path());
      break;
    default:
      throw new Error(`A file program contains the unknown call ${code}.`);
  }
}

/** @param {ProgramFiles} files @param {string} path */
function createEmpty(files, path) {
  if (files.exists(path)) files.remove(path);
  return files.open(path, 'create');
}

/** @param {ProgramFiles} files @param {string} path */
function removeDirectory(files, path) {
  if (!files.exists(path)) return;
  for (const name of files.list(path)) files.remove(`${path}/${name}`);
  files.removeDirectory(path);
}

/** @param {Map<number, ProgramFile>} open @param {number} id @returns {ProgramFile} */
function file(open, id) {
  const found = open.get(id);
  if (found === undefined) throw new Error(`A file program uses file ${id}, which is not open.`);
  return found;
}

/** @param {Uint8Array} data @param {number} start @param {number} length */
function text(data, start, length) {
  return Buffer.from(data.slice(start, start + length)).toString('utf8');
}
