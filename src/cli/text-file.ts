/** Files that a user names: read whole when they are small, in chunks when they may be of any size. */
import type { Env } from '../env/env.js';
import type { FileHandle } from '../env/file-system.js';
import { StreamsError } from '../errors.js';

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
    const bytes = Buffer.alloc(size);
    return bytes.toString('utf8', 0, handle.read(bytes, 0));
  } finally {
    handle.close();
  }
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
            const read = handle.read(bytes, position);
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

function opened(files: Env['files'], path: string): FileHandle {
  if (!files.exists(path))
    throw new StreamsError('INVALID_ARGUMENT', `There is no file ${path}.`, { file: path });
  return files.open(path, 'read');
}
