/** What a failed file call of the journal means to those who write: nobody can know what the disk has, until the log is opened again. */
import { StreamsError } from '../../errors.js';

/** To those who waited when it happened. */
export function outcomeUnknown(cause: StreamsError): StreamsError {
  return new StreamsError(
    'OUTCOME_UNKNOWN',
    `The write may or may not survive: ${cause.message} The log is read-only until it is reopened; then read what is there.`,
    { ...cause.where, cause },
  );
}

/** To those who come later. */
export function readOnly(cause: StreamsError): StreamsError {
  return new StreamsError(
    'LOG_READ_ONLY',
    `The log is read-only since an earlier write failed: ${cause.message} Nothing acknowledged is lost and reads go on. Fix the cause, then close and reopen the log.`,
    { ...cause.where, cause },
  );
}
