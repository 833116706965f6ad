/** A record that a task left out: which node did, why, and where the input record stands that led to it. */

/** Why: the names that tests and listeners see. */
export type DropReason =
  /** A record without the key or value that the operator needs. */
  | 'nullKeyOrValue'
  /** Its window had closed. */
  | 'late'
  /** An older version of a row of a versioned table. */
  | 'outOfOrder'
  /** A response of a foreign-key join to a row that has changed since; the change has asked again. */
  | 'stale'
  /** The extractor gave a negative timestamp. */
  | 'invalidTimestamp'
  /** A store had forgotten its time already. */
  | 'expired'
  /** An error policy went on without it. */
  | 'errorPolicy';

export interface DroppedRecord {
  /** The node, or the store where a store refused it. */
  readonly where: string;
  readonly reason: DropReason;
  /** Of the input record; topic '', partition and offset -1 in punctuators. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Tells a task; `origin` where it is not the record in flight. */
export type TellDropped = (
  where: string,
  reason: DropReason,
  origin?: Pick<DroppedRecord, 'topic' | 'partition' | 'offset'>,
) => void;
