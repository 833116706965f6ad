/**
 * The transaction coordinator: who owns a transactional id, which partitions and offsets are in the open
 * transaction, and how it ends.
 *
 * The commit point is one storage group: a marker in every partition touched, the offsets of the groups, and the
 * id's next epoch. Every transaction has an epoch of its own (the epoch rises with each end), so producer id and
 * epoch name one transaction and nothing late can slip into the next one.
 *
 *     ready --begin--> open --commit--> ending --durable--> ready
 *                        +----abort---> ending --durable--> ready        any --newer init, timeout--> failed
 */
import type { Env } from '../../env/env.js';
import { assert, StreamsError } from '../../errors.js';
import { buildControlBatch, type ControlType } from '../record-batch.js';
import type {
  ConsumerGroupMetadata,
  PartitionOffsetAndMetadata,
  TransactionOutcome,
} from '../client.js';
import type { Durability } from './durability.js';
import type { Groups } from './groups.js';
import {
  TRANSACTION_METADATA_LENGTH_MAX,
  type GroupOffsets,
  type GroupOffsetsEntry,
} from './offsets.js';
import type { Partition } from './partition.js';
import type { ProducerIds } from './producer-ids.js';
import { Reaper } from './reaper.js';
import type { JournalEntry } from './storage.js';
import {
  failed,
  fencedByNewer,
  invalidState,
  timedOut,
  TransactionSession,
  unknownOutcome,
} from './transaction-session.js';

/** Epochs are int16; the last one is never used for a transaction, so that an ended one can always be fenced. */
const EPOCH_MAX = 32_766;
/** How the journal writes an infinite timeout. */
const NO_TIMEOUT = -1;

interface KnownId {
  producerId: number;
  epoch: number;
  timeoutMs: number;
  /** Wall clock; an id that nobody used for long is forgotten. */
  usedAt: number;
  session: TransactionSession | undefined;
}

export interface TransactionParts {
  readonly env: Env;
  readonly durability: Durability;
  readonly groups: Groups;
  readonly offsets: GroupOffsets;
  readonly producerIds: ProducerIds;
  /** Appends a control batch. */
  appendMarker(partition: Partition, bytes: Buffer, timestamp: number): void;
}

export class Transactions {
  readonly #parts: TransactionParts;
  readonly #ids = new Map<string, KnownId>();
  readonly #byProducerId = new Map<number, TransactionSession>();
  readonly #reaper: Reaper;

  constructor(parts: TransactionParts) {
    this.#parts = parts;
    this.#reaper = new Reaper(parts.env.clock, parts.env.timers, (now) => this.#expire(now));
  }

  /** Fences the id's older producer, aborts what it left open, and opens a session. Durable with the next sync. */
  init(transactionalId: string, timeoutMs: number): TransactionSession {
    this.#parts.durability.assertWritable();
    let known = this.#ids.get(transactionalId);
    if (known === undefined) {
      known = { producerId: -1, epoch: -1, timeoutMs, usedAt: 0, session: undefined };
      this.#ids.set(transactionalId, known);
    }
    const older = known.session;
    if (older !== undefined) {
      older.failure ??= fencedByNewer(transactionalId);
      if (older.state === 'open') this.#appendMarkers('abort', older);
      this.#clear(older);
    }
    known.timeoutMs = timeoutMs;
    this.#nextEpoch(transactionalId, known);
    const session = new TransactionSession(
      transactionalId,
      known.producerId,
      known.epoch,
      timeoutMs,
    );
    known.session = session;
    this.#byProducerId.set(session.producerId, session);
    return session;
  }

  begin(session: TransactionSession): void {
    if (session.failure !== undefined) throw session.failure;
    if (session.state !== 'ready')
      throw invalidState(
        session,
        'begin',
        session.state === 'open'
          ? 'a transaction is open already; commit or abort it first'
          : 'the last transaction is still being ended; await it',
      );
    session.state = 'open';
  }

  /** A transactional batch is about to be appended. Throws `PRODUCER_FENCED`, `INVALID_TRANSACTION_STATE`. */
  register(producerId: number, epoch: number, partition: Partition): void {
    const session = this.#byProducerId.get(producerId);
    if (session === undefined || session.epoch !== epoch) {
      throw new StreamsError(
        'PRODUCER_FENCED',
        `Producer id ${producerId} with epoch ${epoch} has no open transaction here${session === undefined ? '' : `; epoch ${session.epoch} is in use`}. Open a new producer.`,
        { topic: partition.topic, partition: partition.partition },
      );
    }
    if (session.failure !== undefined) throw session.failure;
    if (session.state !== 'open')
      throw invalidState(session, 'send', 'no transaction is open; call begin() first');
    session.partitions.add(partition);
    this.#started(session);
  }

  /** Throws `UNKNOWN_MEMBER`, `ILLEGAL_GENERATION` when the group moved on, and what `GroupOffsets.entry` throws. */
  addOffsets(
    session: TransactionSession,
    offsets: readonly PartitionOffsetAndMetadata[],
    group: ConsumerGroupMetadata,
  ): void {
    if (session.failure !== undefined) throw session.failure;
    if (session.state !== 'open')
      throw invalidState(session, 'sendOffsets', 'no transaction is open; call begin() first');
    this.#parts.groups.check(group);
    const checked = this.#parts.offsets.entry(
      group.groupId,
      offsets,
      0,
      TRANSACTION_METADATA_LENGTH_MAX,
    ).offsets;
    let pending = session.offsets.get(group.groupId);
    if (pending === undefined)
      session.offsets.set(group.groupId, (pending = { group, offsets: new Map() }));
    pending.group = group;
    for (const [i, offset] of offsets.entries()) {
      const { topicId } = checked[i]!;
      pending.offsets.set(`${offset.topic}/${offset.partition}`, { ...offset, topicId });
    }
    this.#started(session);
  }

  /**
   * Ends the transaction. Rejects (and leaves it open, to be aborted) when the group of its offsets moved on or a
   * topic in them was deleted.
   */
  commit(session: TransactionSession): Promise<TransactionOutcome> {
    if (session.failure !== undefined) return Promise.resolve(failed(session.failure));
    if (session.state !== 'open') throw invalidState(session, 'commit', 'no transaction is open');
    if (session.partitions.size === 0 && session.offsets.size === 0) {
      session.state = 'ready';
      return Promise.resolve({ outcome: 'committed' });
    }
    const { env, durability, groups, offsets } = this.#parts;
    const now = env.clock.now();
    const entries: GroupOffsetsEntry[] = [];
    for (const pending of session.offsets.values()) {
      groups.check(pending.group);
      entries.push(
        offsets.entry(
          pending.group.groupId,
          pending.offsets.values(),
          now,
          TRANSACTION_METADATA_LENGTH_MAX,
        ),
      );
    }
    try {
      this.#appendMarkers('commit', session);
      for (const entry of entries) offsets.write(entry);
      this.#riseEpoch(session);
    } catch (error) {
      // Part of the group may be in the storage's hands: only a reopened log knows.
      session.failure = unknownOutcome(error);
      this.#clear(session);
      return Promise.resolve({ outcome: 'unknown', error: session.failure });
    }
    this.#clear(session);
    session.state = 'ending';
    return new Promise((resolve) => {
      durability.wait({
        durable: (error) => {
          if (error === undefined) {
            session.state = 'ready';
            resolve({ outcome: 'committed' });
          } else {
            session.failure = unknownOutcome(error);
            resolve({ outcome: 'unknown', error: session.failure });
          }
        },
      });
      durability.syncNow();
    });
  }

  /** Resolves when the markers are durable; on a log that cannot be written any more, recovery aborts. */
  abort(session: TransactionSession): Promise<void> {
    if (session.failure !== undefined) throw session.failure;
    if (session.state === 'ending')
      throw invalidState(session, 'abort', 'the transaction is being committed; await it');
    const { durability } = this.#parts;
    if (session.state === 'ready') throw invalidState(session, 'abort', 'no transaction is open');
    const empty = session.partitions.size === 0;
    if (empty || durability.failure !== undefined) {
      this.#clear(session);
      return Promise.resolve();
    }
    this.#abortAppended(session);
    session.state = 'ending';
    return new Promise((resolve) => {
      durability.wait({
        durable: () => {
          session.state = 'ready';
          resolve();
        },
      });
      durability.syncNow();
    });
  }

  /** Aborts what is open and forgets the session; the id stays. */
  release(session: TransactionSession): void {
    if (
      session.failure === undefined &&
      session.state === 'open' &&
      this.#parts.durability.failure === undefined
    ) {
      this.#abortAppended(session);
    }
    this.#clear(session);
    session.failure ??= new StreamsError('INVALID_STATE', 'The producer is closed.');
    const known = this.#ids.get(session.transactionalId);
    if (known?.session === session) known.session = undefined;
    if (this.#byProducerId.get(session.producerId) === session)
      this.#byProducerId.delete(session.producerId);
  }

  /** An open transaction commits this offset of the group when it ends. */
  commitsOffset(groupId: string, topicId: string, partition: number): boolean {
    for (const { session } of this.#ids.values()) {
      for (const pending of session?.offsets.get(groupId)?.offsets.values() ?? [])
        if (pending.topicId === topicId && pending.partition === partition) return true;
    }
    return false;
  }

  topicDeleted(partitions: readonly Partition[]): void {
    for (const known of this.#ids.values())
      for (const partition of partitions) known.session?.partitions.delete(partition);
  }

  replay(entry: JournalEntry & { readonly type: 'transactional-id' }): void {
    const { transactionalId, producerId, epoch, timeoutMs } = entry;
    const usedAt = entry.timestamp ?? this.#parts.env.clock.now();
    this.#ids.set(transactionalId, { producerId, epoch, timeoutMs, usedAt, session: undefined });
  }

  /** Forgets ids without a producer that were last used before `usedBefore`: a new producer of such an id begins as a stranger. */
  forgetIds(usedBefore: number, now: number): void {
    for (const [transactionalId, known] of this.#ids) {
      // The clock was ahead when the id was used.
      if (known.usedAt > now) known.usedAt = now;
      else if (known.session === undefined && known.usedAt < usedBefore)
        this.#ids.delete(transactionalId);
    }
  }

  snapshot(): JournalEntry[] {
    return [...this.#ids].map(([transactionalId, { producerId, epoch, timeoutMs, usedAt }]) => ({
      type: 'transactional-id',
      transactionalId,
      producerId,
      epoch,
      timeoutMs: Number.isFinite(timeoutMs) ? timeoutMs : NO_TIMEOUT,
      timestamp: usedAt,
    }));
  }

  close(): void {
    this.#reaper.close();
  }

  #started(session: TransactionSession): void {
    if (
      session.deadline < Number.POSITIVE_INFINITY ||
      session.timeoutMs === Number.POSITIVE_INFINITY
    )
      return;
    session.deadline = this.#parts.env.clock.monotonic() + session.timeoutMs;
    this.#reaper.watch(session.deadline);
  }

  #appendMarkers(type: ControlType, session: TransactionSession): void {
    if (session.partitions.size === 0) return;
    const now = this.#parts.env.clock.now();
    for (const partition of session.partitions) {
      if (!partition.deleted && partition.hasOpenTransaction(session.producerId)) {
        this.#parts.appendMarker(
          partition,
          buildControlBatch(type, session.producerId, session.epoch, now),
          now,
        );
      }
    }
  }

  #abortAppended(session: TransactionSession): void {
    try {
      this.#appendMarkers('abort', session);
      this.#riseEpoch(session);
    } catch (error) {
      // The log became read-only: nothing of this transaction can become visible, recovery aborts it.
      assert(error instanceof StreamsError, 'only operating errors come from an append');
      session.failure = error;
    }
    this.#clear(session);
  }

  #clear(session: TransactionSession): void {
    session.partitions.clear();
    session.offsets.clear();
    session.deadline = Number.POSITIVE_INFINITY;
    session.state = 'ready';
  }

  /** The transaction of the session's epoch is over; the next one gets the next epoch. */
  #riseEpoch(session: TransactionSession): void {
    const known = this.#ids.get(session.transactionalId);
    assert(known?.session === session, 'only the current producer of an id ends its transactions');
    this.#nextEpoch(session.transactionalId, known);
    if (known.producerId !== session.producerId) {
      this.#byProducerId.delete(session.producerId);
      this.#byProducerId.set(known.producerId, session);
    }
    session.producerId = known.producerId;
    session.epoch = known.epoch;
  }

  #nextEpoch(transactionalId: string, known: KnownId): void {
    const fresh = known.producerId < 0 || known.epoch >= EPOCH_MAX;
    const producerId = fresh ? this.#parts.producerIds.next() : known.producerId;
    const epoch = fresh ? 0 : known.epoch + 1;
    const timeoutMs = Number.isFinite(known.timeoutMs) ? known.timeoutMs : NO_TIMEOUT;
    known.usedAt = this.#parts.env.clock.now();
    this.#parts.durability.append({
      type: 'transactional-id',
      transactionalId,
      producerId,
      epoch,
      timeoutMs,
      timestamp: known.usedAt,
    });
    if (fresh) this.#byProducerId.delete(known.producerId);
    known.producerId = producerId;
    known.epoch = epoch;
  }

  #expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    let aborted = false;
    for (const session of this.#byProducerId.values()) {
      if (session.deadline > now) {
        next = Math.min(next, session.deadline);
        continue;
      }
      if (this.#parts.durability.failure === undefined) this.#abortAppended(session);
      this.#clear(session);
      session.failure ??= timedOut(session);
      aborted = true;
    }
    if (aborted) this.#parts.durability.syncNow();
    return next;
  }
}
