/** The error for a topic that does not exist: names the nearest one that does and the call that creates it. */
import { StreamsError } from '../errors.js';
import type { LogAdmin } from './client.js';
import { didYouMean } from '../nearest-name.js';

const SHOWN_TOPICS_MAX = 10;

export async function unknownTopic(
  admin: LogAdmin,
  topic: string,
  cause?: unknown,
): Promise<StreamsError> {
  const topics = (await admin.listTopics()).filter((name) => !name.startsWith('__'));
  const listed =
    topics.slice(0, SHOWN_TOPICS_MAX).join(', ') +
    (topics.length > SHOWN_TOPICS_MAX ? ', ...' : '');
  const there =
    topics.length === 0
      ? ' The log has no topics yet.'
      : didYouMean(topic, topics) || ` Topics: ${listed}.`;
  return new StreamsError(
    'UNKNOWN_TOPIC',
    `Topic '${topic}' does not exist.${there} Create it with: await log.admin().createTopics([{ topic: '${topic}', partitions: 1 }]).`,
    { topic, cause },
  );
}

/** Replaces an `UNKNOWN_TOPIC` of the log by one that helps; every other error passes unchanged. */
export async function withTopicHint(
  admin: LogAdmin,
  topic: string,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof StreamsError) || error.code !== 'UNKNOWN_TOPIC') return error;
  try {
    return await unknownTopic(admin, topic, error);
  } catch {
    return error; // Without a list of topics (a closed log) the first error says more than the second.
  }
}
