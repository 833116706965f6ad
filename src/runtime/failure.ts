/**
 * What an error means for the application: after some the log itself says that this instance must stop, whatever
 * the user's policy; after all others the last commit can be returned to.
 */
import { AssertionFailed, type ErrorCode, StreamsError } from '../errors.js';
import { fencedError } from './commit.js';

/** Going back to the last commit would meet the same wall, or is not ours to do any more. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'PRODUCER_FENCED',
  'OUTCOME_UNKNOWN',
  'LOG_READ_ONLY',
  'LOG_CLOSED',
  'LOG_CORRUPT',
  'DISK_FULL',
  'IO_FAILED',
  'DIRECTORY_READ_ONLY',
  'RESTORE_FAILED',
  'INVALID_TOPOLOGY',
  'MISSING_SOURCE_TOPIC',
]);
const CAUSES_MAX = 10;

/** The error to report. Errors of the log come out of their wrappers, so that their code can be branched on; what is no `StreamsError` becomes the cause of one. */
export function toFailure(error: unknown, applicationId: string): StreamsError {
  let cause: unknown = error;
  for (let depth = 0; depth < CAUSES_MAX && cause instanceof Error; depth++) {
    if (cause instanceof StreamsError && cause.code === 'PRODUCER_FENCED')
      return isExplained(cause) ? cause : fencedError(applicationId, cause);
    if (cause instanceof StreamsError && FATAL.has(cause.code)) return cause;
    cause = cause.cause;
  }
  if (error instanceof StreamsError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StreamsError(
    'PROCESS_FAILED',
    `Unexpected failure in the application's loop: ${message}`,
    { cause: error },
  );
}

/** Already says which application took over. */
function isExplained(error: StreamsError): boolean {
  return error.cause instanceof StreamsError && error.cause.code === 'PRODUCER_FENCED';
}

/** No policy can go on after it. Broken promises of our own code are fatal too. */
export function isFatal(failure: StreamsError): boolean {
  return FATAL.has(failure.code) || failure.cause instanceof AssertionFailed;
}
