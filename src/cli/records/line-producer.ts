/**
 * Sends the lines of an input, chunk after chunk: what came together is sent together, and a few chunks may be on
 * their way to the disk at once. Memory does not grow with the input. An error names the lines.
 */
import { StreamsError } from '../../errors.js';
import type { BatchRecord, RecordSender } from '../../log/producer.js';
import type { LineParser } from './line-parser.js';
import { LineSplitter } from './line-splitter.js';

export interface LineProgress {
  /** Called when lines were acknowledged, and before the next are asked for. */
  (bytesRead: number, linesSent: number): void;
}

type Bytes = BatchRecord<Uint8Array, Uint8Array>;

export class LineProducer {
  readonly #topic: string;
  readonly #parser: LineParser;
  readonly #sender: RecordSender<Uint8Array, Uint8Array>;
  readonly #flyingMax: number;
  readonly #flying: Promise<void>[] = [];
  #failure: unknown;
  #read = 0;
  /** Lines that were acknowledged. */
  sent = 0;

  /** `chunksMax` chunks are on their way at once at most; 1: each is waited for. */
  constructor(
    topic: string,
    parser: LineParser,
    sender: RecordSender<Uint8Array, Uint8Array>,
    chunksMax: number,
  ) {
    this.#topic = topic;
    this.#parser = parser;
    this.#sender = sender;
    this.#flyingMax = chunksMax;
  }

  /** Resolves when every line is acknowledged. What was sent before a failure stays sent. */
  async run(chunks: AsyncIterable<Uint8Array>, progress: LineProgress): Promise<void> {
    const splitter = new LineSplitter();
    let bytes = 0;
    try {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        await this.#send(splitter.split(chunk));
        progress(bytes, this.sent);
      }
      await this.#send(splitter.rest());
    } catch (error) {
      await Promise.allSettled(this.#flying);
      throw error;
    }
    while (this.#flying.length > 0) await this.#landed();
  }

  async #send(lines: readonly Buffer[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const records: Bytes[] = [];
    const first = this.#read + 1;
    let refused: unknown;
    for (const line of lines) {
      try {
        records.push(this.#parser.record(line, this.#read + 1));
      } catch (error) {
        refused = error; // The lines before it are sent, as if they had come alone.
        break;
      }
      this.#read++;
    }
    if (records.length > 0) this.#flying.push(this.#sendBatch(records, first));
    if (refused !== undefined) throw refused;
    while (this.#flying.length >= this.#flyingMax) await this.#landed();
  }

  async #landed(): Promise<void> {
    await this.#flying[0];
    this.#flying.splice(0, 1);
  }

  async #sendBatch(records: readonly Bytes[], first: number): Promise<void> {
    const sending = this.#sender.sendBatch(this.#topic, records).then(
      () => void (this.sent += records.length),
      (error: unknown) => {
        this.#failure = atLines(error, first, first + records.length - 1);
        throw this.#failure;
      },
    );
    sending.catch(() => undefined); // It is waited for later, in its turn.
    return sending;
  }
}

function atLines(error: unknown, from: number, to: number): unknown {
  if (!(error instanceof StreamsError)) return error;
  const lines = from === to ? `Line ${from}` : `Lines ${from} to ${to}`;
  return new StreamsError(error.code, `${lines}: ${error.message}`, {
    ...error.where,
    cause: error,
  });
}
