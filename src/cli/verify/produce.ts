/** `millrace verify produce`: Kafka's VerifiableProducer. Sends 0, 1, 2, ... and says of each whether it was acknowledged. */
import type { Log } from '../../log/log.js';
import type { Producer, SentRecord } from '../../log/producer.js';
import { Serdes } from '../../serde/serdes.js';
import { defineCommand, LOG_OPTIONS } from '../command.js';
import type { CommandIo } from '../command-io.js';
import { withLog } from '../opened-log.js';
import { toolEvent } from './tool-event.js';

/** Sends that wait for each other's acknowledgement together. */
const BATCH_RECORDS = 500;
/** With a throughput, so often a part of a second's records is sent. */
const TICK_MS = 20;

interface Plan {
  readonly topic: string;
  readonly max: number;
  /** Records a second; undefined: as fast as possible. */
  readonly throughput: number | undefined;
  readonly prefix: number | undefined;
  readonly repeatingKeys: number | undefined;
}

export const verifyProduce = defineCommand({
  words: ['verify', 'produce'],
  summary: 'write the numbers 0, 1, 2, ... and print what was acknowledged',
  notes: [
    "Prints the lines of JSON of Kafka's VerifiableProducer: startup_complete, producer_send_success or producer_send_error for each record, shutdown_complete, tool_data. Exit code 1 when a record was not acknowledged.",
  ],
  args: [{ name: 'topic', summary: 'name of the topic', option: 'topic' }],
  options: {
    'max-messages': {
      kind: 'number',
      value: 'N',
      min: -1,
      default: -1,
      summary: 'so many records; -1: until Ctrl-C',
    },
    throughput: {
      kind: 'number',
      value: 'N',
      min: -1,
      default: -1,
      summary: 'about so many records a second; -1: as fast as possible',
    },
    'value-prefix': {
      kind: 'number',
      value: 'N',
      min: 0,
      summary: 'values are N.0, N.1, N.2, ...',
    },
    'repeating-keys': {
      kind: 'number',
      value: 'N',
      min: 1,
      summary: 'keys are 0 to N-1, again and again; default: no keys',
    },
    ...LOG_OPTIONS,
  },
  examples: ['millrace verify produce verify-test --max-messages 10'],
  async run({ args, options }, io) {
    const plan: Plan = {
      topic: args.topic,
      max: options['max-messages'] < 0 ? Number.POSITIVE_INFINITY : options['max-messages'],
      throughput: options.throughput < 0 ? undefined : options.throughput,
      prefix: options['value-prefix'],
      repeatingKeys: options['repeating-keys'],
    };
    return withLog(io, options, async (log) => {
      await log.admin().describeTopics([args.topic]);
      return new VerifiableProducer(io, log, plan).run();
    });
  },
});

class VerifiableProducer {
  readonly #io: CommandIo;
  readonly #plan: Plan;
  readonly #producer: Producer<string, string>;
  #sent = 0;
  #acked = 0;

  constructor(io: CommandIo, log: Log, plan: Plan) {
    this.#io = io;
    this.#plan = plan;
    this.#producer = log.producer({
      key: Serdes.string(),
      value: Serdes.string(),
      clientId: 'millrace-verify',
    });
  }

  async run(): Promise<number> {
    const { clock } = this.#io.env;
    const stop = this.#io.interruption();
    const startMs = clock.monotonic();
    await this.#print('startup_complete');
    while (this.#sent < this.#plan.max && !stop.aborted) {
      const due = this.#due(clock.monotonic() - startMs);
      if (due > 0) await this.#send(Math.min(due, this.#plan.max - this.#sent));
      else await this.#wait(TICK_MS, stop);
    }
    await this.#producer.close();
    await this.#print('shutdown_complete');
    const elapsedMs = clock.monotonic() - startMs;
    await this.#print('tool_data', {
      sent: this.#sent,
      acked: this.#acked,
      target_throughput: this.#plan.throughput ?? -1,
      avg_throughput: elapsedMs > 0 ? (this.#acked * 1000) / elapsedMs : 0,
    });
    return this.#acked === this.#sent ? 0 : 1;
  }

  /** How many records may be sent now. */
  #due(elapsedMs: number): number {
    const { throughput } = this.#plan;
    if (throughput === undefined) return BATCH_RECORDS;
    return Math.min(BATCH_RECORDS, Math.floor((elapsedMs * throughput) / 1000) - this.#sent);
  }

  async #send(count: number): Promise<void> {
    const { topic } = this.#plan;
    const records = Array.from({ length: count }, () => this.#next());
    const sends = records.map(({ key, value }) => this.#producer.send({ topic, key, value }));
    const results = await Promise.allSettled(sends);
    let text = '';
    results.forEach((result, i) => (text += this.#result(records[i]!, result)));
    await this.#io.out.write(text);
  }

  #next(): { key: string | null; value: string } {
    const { prefix, repeatingKeys } = this.#plan;
    const number = this.#sent++;
    return {
      key: repeatingKeys === undefined ? null : String(number % repeatingKeys),
      value: prefix === undefined ? String(number) : `${prefix}.${number}`,
    };
  }

  #result(
    record: { readonly key: string | null; readonly value: string },
    result: PromiseSettledResult<SentRecord>,
  ): string {
    const { topic } = this.#plan;
    if (result.status === 'fulfilled') {
      this.#acked++;
      return toolEvent(this.#io, 'producer_send_success', { ...record, topic, ...result.value });
    }
    const reason: unknown = result.reason;
    const { code = 'Error', message = String(reason) } = (reason ?? {}) as {
      readonly code?: string;
      readonly message?: string;
    };
    return toolEvent(this.#io, 'producer_send_error', {
      ...record,
      topic,
      exception: code,
      message,
    });
  }

  async #print(name: string, data: object = {}): Promise<void> {
    await this.#io.out.write(toolEvent(this.#io, name, data));
  }

  #wait(ms: number, stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        stop.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#io.env.timers.after(ms, end);
      stop.addEventListener('abort', end);
    });
  }
}
