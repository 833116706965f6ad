/** Files that a user names: read whole when they are small, in chunks when they may be of any size. */
import type { Env } from '../env/env.js';
import type { FileHandle } from '../env/file-system.js';
import { StreamsError } from '../errors.js';
import type { ByteInput } from './command-io.js';

const CHUNK_BYTES = 65_536;
/** A description that is larger was not meant. */
const SMALL_BYTES_MAX = 16 * 1024 * 1024;

export function smallTextFile({ files }: Env, path: string): string {
  const handle = opened(files, path);
  try {
    const size = handle.size();
    if (size > SMALL_BYTES_MAX)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `${path} has ${size} bytes; a file of more than ${SMALL_BYTES_MAX} bytes is not read here.`,
        { file: path },
      );
    const bytes = Buffer.alloc(Math.max(1, size));
    return bytes.toString('utf8', 0, readAt(handle, bytes, 0));
  } finally {
    handle.close();
  }
}

/** Standard input, read to its end as `smallTextFile` reads a file. */
export async function smallTextInput(input: ByteInput): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input.chunks()) {
    size += chunk.length;
    if (size > SMALL_BYTES_MAX)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `Standard input has more than ${SMALL_BYTES_MAX} bytes; so much is not read here.`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export interface FileChunks {
  readonly size: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** The file in pieces; each is the reader's own. Ends early when `stop` is aborted. */
export function fileChunks({ files, timers }: Env, path: string, stop: AbortSignal): FileChunks {
  const handle = opened(files, path);
  const size = handle.size();
  return {
    size,
    chunks: {
      async *[Symbol.asyncIterator]() {
        try {
          for (let position = 0; !stop.aborted;) {
            const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
            const read = readAt(handle, bytes, position);
            if (read === 0) return;
            position += read;
            yield bytes.subarray(0, read);
            await timers.yield(); // Reading is synchronous: Ctrl-C and the log want their turn.
          }
        } finally {
          handle.close();
        }
      },
    },
  };
}

/** A pipe that a shell hands over as a file, `<(...)`, has no positions; standard input serves for it. */
function readAt(handle: FileHandle, bytes: Uint8Array, position: number): number {
  try {
    return handle.read(bytes, position);
  } catch (error) {
    const cause = error instanceof StreamsError ? error.cause : error;
    if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ESPIPE') throw error;
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${handle.path} is a pipe, not a file. Give - instead of it, and the pipe as standard input: ... | millrace ... -`,
      { file: handle.path, cause },
    );
  }
}

function opened(files: Env['files'], path: string): FileHandle {
  if (!files.exists(path))
    throw new StreamsError('INVALID_ARGUMENT', `There is no file ${path}.`, { file: path });
  return files.open(path, 'read');
}
