/**
 * What `DumpLogSegments` printed, as data. Every byte must be understood: a line of another form is a complaint of
 * the tool, and keys and values are taken by their printed sizes, so that they may contain anything.
 *
 *     Dumping <file>
 *     Log starting offset: <offset>
 *     baseOffset: ... lastOffset: ... isvalid: true                                  a batch
 *     | offset: ... headerKeys: [a,b] key: <key> payload: <value>                    a record of it
 *     | offset: ... headerKeys: [] endTxnMarker: COMMIT coordinatorEpoch: 0          a marker
 *     offset: <offset> position: <position>                                          an index entry
 *     timestamp: <timestamp> offset: <offset>                                        a time index entry
 */

export interface DumpedRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly sequence: number;
  readonly headerKeys: readonly string[];
  readonly key: string | null;
  readonly value: string | null;
  readonly marker?: { readonly type: string; readonly coordinatorEpoch: number };
}

export interface DumpedBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly partitionLeaderEpoch: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly deleteHorizonMs: number | undefined;
  readonly position: number;
  readonly timestampType: string;
  readonly maxTimestamp: number;
  readonly size: number;
  readonly compression: string;
  readonly crc: number;
  readonly isValid: boolean;
  readonly records: DumpedRecord[];
}

export interface DumpedFile {
  readonly path: string;
  startOffset?: number;
  readonly batches: DumpedBatch[];
  readonly entries: { readonly offset: number; readonly position: number }[];
  readonly times: { readonly timestamp: number; readonly offset: number }[];
  readonly complaints: string[];
}

const LINE = /([^\n]*)\n/y;
const DUMPING = /Dumping (.+)\n/y;
const START = /Log starting offset: (\d+)\n/y;
const ENTRY = /offset: (\d+) position: (\d+)\n/y;
const TIME = /timestamp: (-?\d+) offset: (\d+)\n/y;
/** An index without entries is no complaint: a segment of one interval has none. */
const EMPTY = /\S+\.index is empty\.\n/y;
const SANE = /\S+ passed sanity check\.\n/y;
const BATCH = new RegExp(
  'baseOffset: (\\d+) lastOffset: (\\d+) count: (\\d+) baseSequence: (-?\\d+) lastSequence: (-?\\d+) ' +
    'producerId: (-?\\d+) producerEpoch: (-?\\d+) partitionLeaderEpoch: (-?\\d+) isTransactional: (true|false) ' +
    'isControl: (true|false) deleteHorizonMs: OptionalLong(?:\\.empty|\\[(\\d+)\\]) position: (\\d+) ' +
    '(CreateTime|LogAppendTime): (-?\\d+) size: (\\d+) magic: 2 compresscodec: (\\w+) crc: (\\d+) isvalid: (true|false)\\n',
  'y',
);
const RECORD =
  /\| offset: (\d+) (?:CreateTime|LogAppendTime): (-?\d+) keySize: (-?\d+) valueSize: (-?\d+) sequence: (-?\d+) headerKeys: \[([^\]]*)\]/y;
const MARKER = / endTxnMarker: (\w+) coordinatorEpoch: (\d+)/y;

export function parseDump(output: Buffer): DumpedFile[] {
  return new DumpParser(output).parse();
}

class DumpParser {
  /** One character per byte, so that the sizes the tool prints are lengths here. */
  readonly #text: string;
  #at = 0;
  readonly #files: DumpedFile[] = [];

  constructor(output: Buffer) {
    this.#text = output.toString('latin1');
  }

  parse(): DumpedFile[] {
    while (this.#at < this.#text.length) this.#line();
    return this.#files;
  }

  #line(): void {
    const dumping = this.#match(DUMPING);
    if (dumping !== undefined) {
      const path = utf8(dumping[0] ?? '');
      this.#files.push({ path, batches: [], entries: [], times: [], complaints: [] });
      return;
    }
    const file = this.#files.at(-1);
    if (file === undefined) throw new Error(`The dump begins with: ${this.#rest()}`);
    if (!this.#known(file)) file.complaints.push(this.#rest());
  }

  /** Takes a line of a known form. */
  #known(file: DumpedFile): boolean {
    const batch = this.#match(BATCH);
    if (batch !== undefined) {
      file.batches.push(dumpedBatch(batch));
      return true;
    }
    const record = this.#match(RECORD);
    if (record !== undefined) return this.#record(file, record);
    const entry = this.#match(ENTRY)?.map(Number);
    if (entry !== undefined) {
      const [offset = 0, position = 0] = entry;
      file.entries.push({ offset, position });
      return true;
    }
    const time = this.#match(TIME)?.map(Number);
    if (time !== undefined) {
      const [timestamp = 0, offset = 0] = time;
      file.times.push({ timestamp, offset });
      return true;
    }
    const start = this.#match(START);
    if (start !== undefined) file.startOffset = Number(start[0]);
    return (
      start !== undefined || this.#match(EMPTY) !== undefined || this.#match(SANE) !== undefined
    );
  }

  #record(file: DumpedFile, fields: readonly string[]): boolean {
    const [offset = 0, timestamp = 0, keyBytes = 0, valueBytes = 0, sequence = 0] =
      fields.map(Number);
    const headerKeys = utf8(fields[5] ?? '');
    const marker = this.#match(MARKER);
    const record = {
      offset,
      timestamp,
      sequence,
      headerKeys: headerKeys === '' ? [] : headerKeys.split(','),
    };
    const batch = file.batches.at(-1);
    if (batch === undefined) return false;
    if (marker === undefined) {
      const key = this.#sized(' key: ', keyBytes);
      const value = this.#sized(' payload: ', valueBytes);
      batch.records.push({ ...record, key, value });
    } else {
      const [type = '', coordinatorEpoch = ''] = marker;
      const epoch = Number(coordinatorEpoch);
      const control = { type, coordinatorEpoch: epoch };
      batch.records.push({ ...record, key: null, value: null, marker: control });
    }
    if (this.#text[this.#at] !== '\n') return false;
    this.#at++;
    return true;
  }

  #sized(label: string, bytes: number): string | null {
    if (bytes < 0) return null;
    if (!this.#text.startsWith(label, this.#at))
      throw new Error(`Expected '${label}' before: ${this.#rest()}`);
    const start = this.#at + label.length;
    this.#at = start + bytes;
    return utf8(this.#text.slice(start, this.#at));
  }

  #match(pattern: RegExp): string[] | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match.slice(1);
  }

  /** What is left of the line. */
  #rest(): string {
    const line = this.#match(LINE)?.[0] ?? this.#text.slice(this.#at);
    if (this.#text[this.#at - 1] !== '\n') this.#at = this.#text.length;
    return utf8(line);
  }
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}

function dumpedBatch(fields: readonly string[]): DumpedBatch {
  const number = (index: number): number => Number(fields[index]);
  return {
    baseOffset: number(0),
    lastOffset: number(1),
    count: number(2),
    baseSequence: number(3),
    lastSequence: number(4),
    producerId: number(5),
    producerEpoch: number(6),
    partitionLeaderEpoch: number(7),
    isTransactional: fields[8] === 'true',
    isControl: fields[9] === 'true',
    deleteHorizonMs: fields[10] === undefined ? undefined : number(10),
    position: number(11),
    timestampType: fields[12] ?? '',
    maxTimestamp: number(13),
    size: number(14),
    compression: fields[15] ?? '',
    crc: number(16),
    isValid: fields[17] === 'true',
    records: [],
  };
}
