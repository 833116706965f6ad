/** Why a replacement of segments came to nothing although no file call failed: what it was made for is not there any more. */
import { StreamsError } from '../../errors.js';

export function replacementEnded(): StreamsError {
  return new StreamsError(
    'INVALID_STATE',
    'The log was closed, the topic deleted or its start raised while segments were cleaned; nothing has changed.',
  );
}
