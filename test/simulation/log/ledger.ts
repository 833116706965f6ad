/**
 * What the clients of a simulated log were told, and so what the log must show for ever. A record moves through fates:
 *
 *     pending ---- acknowledged ------> present      it must be there, once, at its offset
 *        |  \----- refused -----------> absent       nobody may ever see it
 *        \-------- crash, unknown ----> unknown ---- the first reading after recovery decides, for good
 *
 * What a reader saw is as good as acknowledged. The records of a transaction have the transaction's fate.
 */
export type Fate = 'pending' | 'present' | 'absent' | 'unknown';

/** A broken promise of the log. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function promise(condition: boolean, message: () => string): void {
  if (!condition) throw new Violation(message());
}

export class TransactionLedger {
  fate: Fate = 'pending';
  /** A commit was asked for: only then it may become present. */
  commitAsked = false;
  readonly records: SentRecord[] = [];
  readonly offsets: OffsetClaim[] = [];
}

export class SentRecord {
  readonly id: number;
  readonly key: string | null;
  readonly timestamp: number;
  readonly tombstone: boolean;
  readonly partition: PartitionLedger;
  /** Who sent it: the records of one writer keep their order. */
  readonly writer: number;
  readonly transaction: TransactionLedger | undefined;
  offset = -1;
  #fate: Fate = 'pending';
  #seen = false;

  constructor(
    id: number,
    key: string | null,
    timestamp: number,
    tombstone: boolean,
    partition: PartitionLedger,
    writer: number,
    transaction: TransactionLedger | undefined,
  ) {
    this.id = id;
    this.key = key;
    this.timestamp = timestamp;
    this.tombstone = tombstone;
    this.partition = partition;
    this.writer = writer;
    this.transaction = transaction;
  }

  get fate(): Fate {
    return this.#fate === 'absent' ? 'absent' : (this.transaction?.fate ?? this.#fate);
  }

  /** The log refused it: it is no part of its transaction either. */
  get refusedForGood(): boolean {
    return this.#fate === 'absent';
  }

  get wasSeen(): boolean {
    return this.#seen;
  }

  get text(): string {
    return `record ${this.id} (${this.fate}${this.transaction === undefined ? '' : ', transactional'}, sent to ${this.partition.name})`;
  }

  /** Told by the log; in a transaction that is only where it stands. */
  acknowledged(offset: number): void {
    promise(
      this.offset < 0 || this.offset === offset,
      () => `${this.text} was acknowledged at ${offset} and seen at ${this.offset}`,
    );
    this.offset = offset;
    if (this.transaction === undefined) {
      this.#fate = 'present';
      this.partition.holds(offset, this);
    }
  }

  refused(unknown: boolean): void {
    this.#fate = unknown || this.#seen ? (this.#seen ? 'present' : 'unknown') : 'absent';
  }

  /** The life in which it was sent is over. */
  lifeEnded(): void {
    if (this.transaction === undefined && this.#fate === 'pending')
      this.#fate = this.#seen ? 'present' : 'unknown';
  }

  /** A reader saw it; a committed one if `committed`. */
  seen(offset: number, committed: boolean): void {
    promise(
      this.fate !== 'absent' || (!committed && this.transaction !== undefined),
      () => `${this.text} was seen at ${offset}`,
    );
    promise(
      this.offset < 0 || this.offset === offset || this.fate === 'unknown',
      () => `${this.text} was seen at ${offset} and known at ${this.offset}`,
    );
    this.offset = offset;
    this.partition.holds(offset, this);
    this.#seen = true;
    if (this.transaction === undefined) {
      if (this.#fate === 'unknown') this.#fate = 'present';
      return;
    }
    if (!committed || this.transaction.fate === 'present') return;
    promise(
      this.transaction.commitAsked,
      () => `${this.text} was seen as committed, but nobody asked for that`,
    );
    this.transaction.fate = 'present';
  }

  /** A complete reading did not show it. */
  missing(): void {
    if (this.fate === 'unknown' && this.transaction === undefined) this.#fate = 'absent';
  }
}

export class PartitionLedger {
  readonly topic: TopicLedger;
  readonly partition: number;
  readonly records: SentRecord[] = [];
  /** What stands at an offset, for good. */
  readonly #at = new Map<number, SentRecord>();
  /** Log start that was promised. */
  start = 0;
  /** Log start that was asked for. */
  startAsked = 0;
  /** Below this every reader was allowed to read. */
  end = 0;

  constructor(topic: TopicLedger, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get name(): string {
    return `${this.topic.name}-${this.partition} (${this.topic.topicId.slice(0, 4)})`;
  }

  holds(offset: number, record: SentRecord): void {
    const other = this.#at.get(offset);
    promise(
      other === undefined || other === record,
      () => `offset ${offset} of ${this.name} was given to ${other?.text} and to ${record.text}`,
    );
    this.#at.set(offset, record);
    if (offset >= this.end) this.end = offset + 1;
  }

  at(offset: number): SentRecord | undefined {
    return this.#at.get(offset);
  }
}

export class TopicLedger {
  readonly name: string;
  readonly topicId: string;
  readonly compacted: boolean;
  /** How long tombstones are kept. */
  readonly deleteRetentionMs: number;
  /** Least retention.ms that was ever asked for; Infinity: records never age. */
  retentionMs: number;
  created: Fate = 'pending';
  deleted: Fate = 'absent';
  /** Promised, and asked for. */
  partitionsMin = 0;
  partitionsMax: number;
  readonly #partitions: PartitionLedger[] = [];

  constructor(
    name: string,
    topicId: string,
    partitions: number,
    config: Readonly<{ [name: string]: string }>,
  ) {
    this.name = name;
    this.topicId = topicId;
    this.partitionsMax = partitions;
    this.compacted = config['cleanup.policy'] === 'compact';
    this.deleteRetentionMs = Number(config['delete.retention.ms'] ?? 86_400_000);
    this.retentionMs = Number(config['retention.ms'] ?? 604_800_000);
  }

  partition(number: number): PartitionLedger {
    return (this.#partitions[number] ??= new PartitionLedger(this, number));
  }

  get partitions(): readonly PartitionLedger[] {
    return this.#partitions.filter((partition) => partition !== undefined);
  }
}

/** A group's offset of a partition: what was promised, and what may be instead. */
export interface OffsetClaim {
  readonly slot: OffsetSlot;
  readonly offset: number;
  fate: Fate;
}

export class OffsetSlot {
  readonly groupId: string;
  readonly topicId: string;
  readonly partition: number;
  /** In the order in which they were asked for; the first is what is known to hold, -1: nothing. */
  #claims: OffsetClaim[] = [];
  #held = -1;

  constructor(groupId: string, topicId: string, partition: number) {
    this.groupId = groupId;
    this.topicId = topicId;
    this.partition = partition;
  }

  claim(offset: number): OffsetClaim {
    const claim: OffsetClaim = { slot: this, offset, fate: 'pending' };
    this.#claims.push(claim);
    return claim;
  }

  settle(claim: OffsetClaim, fate: Fate): void {
    claim.fate = fate;
    const at = this.#claims.indexOf(claim);
    if (at < 0) return;
    if (fate === 'absent') this.#claims.splice(at, 1);
    if (fate !== 'present') return;
    this.#held = claim.offset;
    // What was asked for earlier is overwritten, whatever became of it.
    this.#claims.splice(0, at + 1);
  }

  /** The log was asked when nothing was under way. */
  observe(offset: number): void {
    const allowed = [this.#held, ...this.#claims.map((claim) => claim.offset)];
    promise(
      allowed.includes(offset),
      () =>
        `group ${this.groupId} has offset ${offset} for partition ${this.partition} of ${this.topicId.slice(0, 4)}, it can be ${allowed.join(' or ')}`,
    );
    this.#held = offset;
    this.#claims = [];
  }
}

/** Everything that is known of one simulated log. */
export class Ledger {
  readonly topics = new Map<string, TopicLedger>();
  readonly records: SentRecord[] = [];
  readonly slots = new Map<string, OffsetSlot>();
  /** Number of the next producer. */
  nextWriter = 0;
  #open: SentRecord[] = [];
  #transactions: TransactionLedger[] = [];

  send(
    partition: PartitionLedger,
    key: string | null,
    timestamp: number,
    tombstone: boolean,
    writer: number,
    transaction: TransactionLedger | undefined,
  ): SentRecord {
    const record = new SentRecord(
      this.records.length,
      key,
      timestamp,
      tombstone,
      partition,
      writer,
      transaction,
    );
    this.records.push(record);
    partition.records.push(record);
    transaction?.records.push(record);
    this.#open.push(record);
    return record;
  }

  begin(): TransactionLedger {
    const transaction = new TransactionLedger();
    this.#transactions.push(transaction);
    return transaction;
  }

  slot(groupId: string, topicId: string, partition: number): OffsetSlot {
    const name = `${groupId} ${topicId} ${partition}`;
    const slot = this.slots.get(name) ?? new OffsetSlot(groupId, topicId, partition);
    this.slots.set(name, slot);
    return slot;
  }

  /** The process is gone: what was under way may or may not have happened. */
  lifeEnded(): void {
    for (const record of this.#open) record.lifeEnded();
    this.#open = [];
    for (const transaction of this.#transactions)
      if (transaction.fate === 'pending')
        this.ended(transaction, transaction.commitAsked ? 'unknown' : 'absent');
    this.#transactions = this.#transactions.filter(({ fate }) => fate === 'unknown');
    for (const topic of this.topics.values()) {
      if (topic.created === 'pending') topic.created = 'unknown';
      if (topic.deleted === 'pending') topic.deleted = 'unknown';
    }
  }

  ended(transaction: TransactionLedger, fate: Fate): void {
    promise(
      transaction.fate !== 'present' || fate !== 'absent',
      () =>
        `a transaction was seen as committed and then ended without: ${transaction.records[0]?.text}`,
    );
    if (transaction.fate === 'present') fate = 'present';
    transaction.fate = fate;
    for (const claim of transaction.offsets) claim.slot.settle(claim, fate);
    if (fate !== 'present') return;
    for (const record of transaction.records)
      if (record.offset >= 0 && record.fate === 'present')
        record.partition.holds(record.offset, record);
  }

  /** Transactions that are open. */
  get openTransactions(): number {
    return this.#transactions.filter(({ fate, commitAsked }) => fate === 'pending' && !commitAsked)
      .length;
  }

  /** Transactions whose end nobody knows. */
  get unknownTransactions(): readonly TransactionLedger[] {
    return this.#transactions.filter(({ fate }) => fate === 'unknown');
  }
}
