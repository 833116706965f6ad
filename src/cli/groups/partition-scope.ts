/** `--topic hello.kafka` and `--topic hello.kafka:0,2`: which partitions a command is about, in the words of Kafka's tool. */
import type { TopicPartition } from '../../log/client.js';
import { StreamsError } from '../../errors.js';
import type { Admin } from '../../log/typed-admin.js';
import { UsageError } from '../command.js';

/** The partitions, each once. Throws `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`. */
export async function partitionScope(
  admin: Admin,
  texts: readonly string[],
): Promise<TopicPartition[]> {
  const scope = new Map<string, TopicPartition>();
  for (const text of texts) {
    const { topic, only } = parseScope(text);
    const [description] = await admin.describeTopics([topic]);
    const count = description?.partitions ?? 0;
    for (const partition of only ?? Array.from({ length: count }, (_, i) => i)) {
      if (partition >= count)
        throw new StreamsError(
          'UNKNOWN_PARTITION',
          `Topic '${topic}' has no partition ${partition}: it has ${count}, counted from 0.`,
          { topic, partition },
        );
      scope.set(`${topic}-${partition}`, { topic, partition });
    }
  }
  return [...scope.values()];
}

/** No topic name has a colon. */
function parseScope(text: string): { topic: string; only: number[] | undefined } {
  const colon = text.indexOf(':');
  if (colon < 0) return { topic: text, only: undefined };
  const numbers = text.slice(colon + 1).split(',');
  if (colon === 0 || !numbers.every((number) => /^\d{1,9}$/.test(number)))
    throw new UsageError(`--topic: '${text}' is neither TOPIC nor TOPIC:0,1,2.`);
  return { topic: text.slice(0, colon), only: numbers.map(Number) };
}
