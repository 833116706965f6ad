/** Bytes in chunks of any size into lines, without the ends of the lines. Holds no more than one line beside a chunk. */
import { StreamsError } from '../../errors.js';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** A line that is longer cannot be a record of any topic. */
const LINE_BYTES_MAX = 128 * 1024 * 1024;

export class LineSplitter {
  /** Pieces of a line whose end has not come. */
  #open: Uint8Array[] = [];
  #openBytes = 0;
  #lines = 0;

  /** The lines that end in this chunk; views of it where possible. */
  split(chunk: Uint8Array): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      lines.push(this.#line(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    this.#lines += lines.length;
    return lines;
  }

  /** The last line, when it has no end. */
  rest(): Buffer[] {
    return this.#openBytes === 0 ? [] : [this.#line(new Uint8Array())];
  }

  #keep(piece: Uint8Array): void {
    this.#openBytes += piece.length;
    if (this.#openBytes > LINE_BYTES_MAX)
      throw new StreamsError(
        'RECORD_TOO_LARGE',
        `Line ${this.#lines + 1} is longer than ${LINE_BYTES_MAX} bytes: is this a text with lines?`,
      );
    this.#open.push(piece);
  }

  #line(last: Uint8Array): Buffer {
    const whole =
      this.#openBytes === 0
        ? Buffer.from(last.buffer, last.byteOffset, last.length)
        : Buffer.concat([...this.#open, last]);
    this.#open = [];
    this.#openBytes = 0;
    return whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole;
  }
}
