/**
 * What a check of a log finds, and how far it is. A finding names the file, the byte where there is one, what is
 * wrong and what to do; there is a limit on how many are kept, and what is beyond it is counted.
 */

/** Stable names of what a check can find. */
export type FindingKind =
  | 'format-file' // millrace.json is missing, damaged or that of another log
  | 'journal-file' // a journal file or one of its groups is damaged, missing, or does not follow the one before
  | 'journal-entry' // an entry of the journal contradicts those before it
  | 'segment-missing'
  | 'segment-short' // fewer bytes than were synced
  | 'segment-long' // more bytes than the journal explains
  | 'batch' // a batch is damaged: header, length, CRC
  | 'batch-order' // the offsets of a batch do not follow those of the one before
  | 'record' // a batch with a valid CRC whose records contradict its header
  | 'checkpoint' // the journal says other things of a segment than its batches do
  | 'offset-index'
  | 'time-index'
  | 'producer' // sequences with a gap, an epoch that goes back
  | 'transaction' // a marker without a transaction, an aborted one that the log does not know of
  | 'foreign-file' // nothing that a log makes
  | 'leftover'; // of an interrupted write or deletion; goes when the log is opened

/** `error`: acknowledged data is lost or wrong. `warning`: nothing is lost, something should be looked at. `info`: normal after a crash. */
export type FindingSeverity = 'error' | 'warning' | 'info';

export interface LogFinding {
  readonly severity: FindingSeverity;
  readonly kind: FindingKind;
  readonly file: string;
  /** Byte in the file; undefined when the file as a whole is meant. */
  readonly position: number | undefined;
  readonly topic: string | undefined;
  readonly partition: number | undefined;
  /** Offset of the record or batch that is concerned, where one is. */
  readonly offset: number | undefined;
  /** What is there, and what should be. */
  readonly what: string;
  /** What to do about it. */
  readonly advice: string;
}

/** What a check has read. */
export interface LogCheckTotals {
  readonly journalFiles: number;
  readonly journalGroups: number;
  readonly topics: number;
  readonly partitions: number;
  readonly segments: number;
  readonly batches: number;
  readonly records: number;
  readonly indexEntries: number;
  /** Of segments, indexes and journal. */
  readonly bytes: number;
}

export interface LogCheckProgress extends LogCheckTotals {
  /** Bytes that there are to read, as far as is known. */
  readonly bytesTotal: number;
  /** The file that is being read. */
  readonly file: string;
}

export interface LogCheckReport {
  readonly directory: string;
  /** No finding is an error. */
  readonly ok: boolean;
  /** The id in millrace.json; '' when it cannot be read. */
  readonly logId: string;
  /** The log was closed properly; false after a crash, whose rest the next open puts in order. */
  readonly cleanShutdown: boolean;
  /** Bytes at the end of the journal that were half written and will be cut. */
  readonly tornBytes: number;
  readonly findings: readonly LogFinding[];
  /** Findings beyond `findingsMax`. */
  readonly findingsLeftOut: number;
  /** Errors, those beyond the limit among them. */
  readonly errors: number;
  readonly warnings: number;
  readonly totals: LogCheckTotals;
}

/** Where in the log something was found. */
export interface FindingPlace {
  readonly file: string;
  readonly position?: number;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
}

export const FINDINGS_MAX = 1000;

const RESTORE =
  'Restore the file from a copy; until then the records there are refused when they are read, and all others are not touched.';
const REBUILT = 'Nothing: the index is made anew from the segment when it is needed.';
const REOPENED = 'Nothing: it goes when the log is opened.';

/** Unless a finding says something better. */
const ADVICE: { readonly [kind in FindingKind]: string } = {
  'format-file': 'Restore the directory from a copy.',
  'journal-file': 'Restore the directory from a copy: the log refuses to open.',
  'journal-entry': 'Restore the directory from a copy, and report how it came about.',
  'segment-missing': 'Restore the file from a copy: the log refuses to open.',
  'segment-short': 'Restore the file from a copy: the log refuses to open.',
  'segment-long': 'Restore the directory from a copy: the log refuses to open.',
  batch: RESTORE,
  'batch-order': RESTORE,
  record: RESTORE,
  checkpoint: 'Restore the directory from a copy, and report how it came about.',
  'offset-index': REBUILT,
  'time-index': REBUILT,
  producer:
    'Look at the program that writes there: a batch of it was lost before it reached the log.',
  transaction: 'Restore the directory from a copy, and report how it came about.',
  'foreign-file': 'Move it elsewhere: the directory belongs to the log.',
  leftover: REOPENED,
};

/** Collects findings up to a limit. */
export class Findings {
  readonly list: LogFinding[] = [];
  leftOut = 0;
  errors = 0;
  warnings = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(
    severity: FindingSeverity,
    kind: FindingKind,
    place: FindingPlace,
    what: string,
    advice = ADVICE[kind],
  ): void {
    if (severity === 'error') this.errors++;
    if (severity === 'warning') this.warnings++;
    if (this.list.length >= this.#max) {
      this.leftOut++;
      return;
    }
    const { file, position, topic, partition, offset } = place;
    this.list.push({
      severity,
      kind,
      file,
      position,
      topic,
      partition,
      offset,
      what,
      advice,
    });
  }
}
