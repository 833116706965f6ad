/** Members of groups for the ports' suite: what they are told, and how they are brought to rest. */
import type {
  LogConsumer,
  LogConsumerOptions,
  RebalanceListener,
  TopicPartition,
} from '../../src/log/client.js';
import type { Bench } from './client-suite-records.js';

/** Writes down what the group tells a member. */
export class Diary implements RebalanceListener {
  readonly lines: string[] = [];

  onPartitionsAssigned(partitions: readonly TopicPartition[]): void {
    this.lines.push(`+${names(partitions)}`);
  }

  onPartitionsRevoked(partitions: readonly TopicPartition[]): void {
    this.lines.push(`-${names(partitions)}`);
  }
}

export const names = (partitions: readonly TopicPartition[]): string =>
  partitions.map(({ topic, partition }) => `${topic}${partition}`).join(' ');

export function member(
  bench: () => Bench,
  topics: readonly string[] | RegExp,
  listener?: RebalanceListener,
  options: LogConsumerOptions = {},
): LogConsumer {
  const consumer = bench().client.consumer({ groupId: 'g', ...options });
  consumer.subscribe(topics, listener);
  return consumer;
}

/** Lets the members poll in turn until the group has come to rest. */
export async function settle(bench: () => Bench, ...members: LogConsumer[]): Promise<void> {
  for (let round = 0; round < 4; round++) {
    // oxlint-disable-next-line no-await-in-loop -- members poll one after the other
    for (const one of members) await bench().run(one.poll(0));
  }
}

/** A diary that tells lost partitions from those that were given up. */
export class LossDiary extends Diary {
  onPartitionsLost(partitions: readonly TopicPartition[]): void {
    this.lines.push(`lost ${names(partitions)}`);
  }
}
