/** `millrace verify consume`: Kafka's VerifiableConsumer. Says of each poll what it brought and what was committed. */
import type {
  FetchedRecords,
  LogConsumer,
  PartitionOffsetAndMetadata,
  TopicPartition,
} from '../../log/client.js';
import type { Log } from '../../log/log.js';
import { RecordCursor } from '../../log/record-cursor.js';
import { defineCommand, LOG_OPTIONS, UsageError } from '../command.js';
import type { CommandIo } from '../command-io.js';
import { withLog } from '../opened-log.js';
import { toolEvent } from './tool-event.js';

const POLL_MS = 30_000;

interface Plan {
  readonly topic: string;
  readonly groupId: string;
  readonly max: number;
  readonly verbose: boolean;
  readonly reset: 'earliest' | 'latest' | 'none';
}

export const verifyConsume = defineCommand({
  words: ['verify', 'consume'],
  summary: 'read a topic as a member of a group and print what was read and committed',
  notes: [
    "Prints the lines of JSON of Kafka's VerifiableConsumer: startup_complete, partitions_assigned, records_consumed, offsets_committed, partitions_revoked, shutdown_complete; with --verbose also record_data. Without --max-messages it goes on until Ctrl-C.",
  ],
  args: [{ name: 'topic', summary: 'name of the topic', option: 'topic' }],
  options: {
    group: { kind: 'text', value: 'GROUP', summary: 'the group; also --group-id' },
    'group-id': { kind: 'text', value: 'GROUP', summary: "Kafka's name for --group" },
    'max-messages': {
      kind: 'number',
      value: 'N',
      min: -1,
      default: -1,
      summary: 'stop after so many records; -1: at Ctrl-C',
    },
    'reset-policy': {
      kind: 'text',
      value: 'POLICY',
      choices: ['earliest', 'latest', 'none'],
      default: 'earliest',
      summary: 'where to begin without a committed offset',
    },
    verbose: { kind: 'flag', summary: 'print each record too' },
    ...LOG_OPTIONS,
  },
  examples: ['millrace verify consume verify-test --group test-group --max-messages 10'],
  async run({ args, options }, io) {
    const groupId = options.group ?? options['group-id'];
    if (groupId === undefined) throw new UsageError('say which group reads: --group GROUP.');
    const max = options['max-messages'] < 0 ? Number.POSITIVE_INFINITY : options['max-messages'];
    return withLog(io, options, async (log) => {
      await log.admin().describeTopics([args.topic]);
      const { verbose, 'reset-policy': reset } = options;
      await new VerifiableConsumer(io, log, {
        topic: args.topic,
        groupId,
        max,
        verbose,
        reset,
      }).run();
      return 0;
    });
  },
});

class VerifiableConsumer {
  readonly #io: CommandIo;
  readonly #plan: Plan;
  readonly #consumer: LogConsumer;
  readonly #cursor = new RecordCursor();
  #count = 0;

  constructor(io: CommandIo, log: Log, plan: Plan) {
    this.#io = io;
    this.#plan = plan;
    this.#consumer = log.client.consumer({
      groupId: plan.groupId,
      offsetReset: plan.reset,
      clientId: 'millrace-verify',
    });
  }

  async run(): Promise<void> {
    const { topic, max } = this.#plan;
    const stop = this.#io.interruption();
    const wake = (): void => this.#consumer.wakeup();
    stop.addEventListener('abort', wake);
    try {
      await this.#print('startup_complete');
      this.#consumer.subscribe([topic], {
        onPartitionsAssigned: (partitions) =>
          this.#print('partitions_assigned', { partitions: partitions.map(named) }),
        onPartitionsRevoked: (partitions) =>
          this.#print('partitions_revoked', { partitions: partitions.map(named) }),
      });
      while (this.#count < max && !stop.aborted) {
        const fetches = await this.#consumer.poll(POLL_MS);
        await this.#take(fetches);
      }
    } finally {
      stop.removeEventListener('abort', wake);
      await this.#consumer.close();
      await this.#print('shutdown_complete');
    }
  }

  async #take(fetches: readonly FetchedRecords[]): Promise<void> {
    const partitions: object[] = [];
    const offsets: PartitionOffsetAndMetadata[] = [];
    const before = this.#count;
    for (const fetched of fetches) {
      const { topic, partition, firstOffset, nextOffset } = fetched;
      const { count, minOffset, maxOffset, text } = this.#read(fetched);
      if (text !== '') await this.#io.out.write(text);
      if (count > 0) partitions.push({ topic, partition, count, minOffset, maxOffset });
      // Past markers behind the last record too, so that the group has no lag when all is read.
      const offset = this.#count < this.#plan.max ? nextOffset : maxOffset + 1;
      if (offset > firstOffset) offsets.push({ topic, partition, offset, metadata: '' });
      if (this.#count >= this.#plan.max) break;
    }
    if (this.#count > before)
      await this.#print('records_consumed', { count: this.#count - before, partitions });
    if (offsets.length > 0) await this.#commit(offsets);
  }

  #read(fetched: FetchedRecords): {
    count: number;
    minOffset: number;
    maxOffset: number;
    text: string;
  } {
    const cursor = this.#cursor;
    const read = { count: 0, minOffset: -1, maxOffset: -1, text: '' };
    for (const batch of fetched.batches) {
      cursor.reset(batch.bytes, batch.start, fetched);
      while (this.#count < this.#plan.max && cursor.next()) {
        if (cursor.offset < fetched.firstOffset) continue;
        if (this.#plan.verbose) read.text += this.#recordData(fetched);
        if (read.count === 0) read.minOffset = cursor.offset;
        read.maxOffset = cursor.offset;
        read.count++;
        this.#count++;
      }
    }
    return read;
  }

  #recordData({ topic, partition }: FetchedRecords): string {
    const cursor = this.#cursor;
    return toolEvent(this.#io, 'record_data', {
      key: cursor.key()?.toString('utf8') ?? null,
      value: cursor.value()?.toString('utf8') ?? null,
      topic,
      partition,
      offset: cursor.offset,
    });
  }

  async #commit(offsets: readonly PartitionOffsetAndMetadata[]): Promise<void> {
    const shown = offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
    try {
      await this.#consumer.commit(offsets);
    } catch (error) {
      const { message } = error as Error;
      await this.#print('offsets_committed', { offsets: shown, error: message, success: false });
      return;
    }
    await this.#print('offsets_committed', { offsets: shown, success: true });
  }

  async #print(name: string, data: object = {}): Promise<void> {
    await this.#io.out.write(toolEvent(this.#io, name, data));
  }
}

const named = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });
