/**
 * Fills stores from their changelogs before their task processes anything: committed records only, from the
 * beginning to the end offset read at the start. The end is reached by position, never by counting records:
 * compaction, transaction markers and aborted records leave gaps.
 */
import type { Clock, Timers } from '../env/env.js';
import { StreamsError, assert } from '../errors.js';
import type { FetchedRecords, LogAdmin, LogClient, TopicPartition } from '../log/client.js';
import { RecordCursor } from '../log/record-cursor.js';
import type { ManagedStore } from '../state/store.js';

const POLL_MS = 100;
const STALL_MS_MAX = 60_000;
const SLICE_MS = 10;

export interface RestoreTarget extends TopicPartition {
  readonly store: ManagedStore;
  /** Set when a source topic serves as changelog: what lies beyond is not processed yet and must not be restored. */
  readonly committedOffset: number | undefined;
  /** Set with it: throws for a record that a policy for undecodable records has let through below that offset. */
  readonly decode: ((key: Uint8Array, value: Uint8Array | null) => void) | undefined;
}

/** Progress of one changelog partition; the last event of each has `position === endOffset`. */
export interface RestoreProgress extends TopicPartition {
  readonly store: string;
  readonly restored: number;
  readonly position: number;
  readonly endOffset: number;
}

export interface RestoreParts {
  readonly client: LogClient;
  readonly clock: Clock;
  readonly timers: Timers;
  onProgress(progress: RestoreProgress): void;
  /** A record of a source topic was left out, as it was when it was processed. */
  onLeftOut(error: StreamsError): void;
  /** Checked between polls; true ends the restore with `INVALID_STATE`. */
  stopping(): boolean;
}

interface Replay {
  readonly target: RestoreTarget;
  readonly endOffset: number;
  restored: number;
  position: number;
}

/** Resolves when every store holds what its changelog says. Throws `RESTORE_FAILED` when a changelog cannot be read to its end. */
export async function restoreStores(
  parts: RestoreParts,
  targets: readonly RestoreTarget[],
): Promise<void> {
  if (targets.length === 0) return;
  const consumer = parts.client.consumer({ isolation: 'read_committed', offsetReset: 'earliest' });
  try {
    consumer.assign(uniquePartitions(targets));
    const ends = await endOffsets(parts.client.admin(), new Set(targets.map(({ topic }) => topic)));
    const open: Replay[] = [];
    for (const target of targets) {
      const end = ends.get(target.topic)?.get(target.partition) ?? 0;
      const endOffset =
        target.committedOffset === undefined ? end : Math.min(end, target.committedOffset);
      const replay = { target, endOffset, restored: 0, position: await consumer.position(target) };
      if (replay.position < endOffset) open.push(replay);
    }
    consumer.assign(uniquePartitions(open.map((replay) => replay.target)));
    await replayAll(parts, open, (maxWaitMs) => consumer.poll(maxWaitMs));
  } finally {
    await consumer.close();
  }
}

async function replayAll(
  parts: RestoreParts,
  replays: readonly Replay[],
  poll: (maxWaitMs: number) => Promise<readonly FetchedRecords[]>,
): Promise<void> {
  const cursor = new RecordCursor();
  const byPartition = new Map<string, Replay[]>();
  for (const replay of replays) {
    const name = nameOf(replay.target);
    byPartition.set(name, [...(byPartition.get(name) ?? []), replay]);
  }
  let open = replays;
  let progressAt = parts.clock.monotonic();
  let yieldedAt = progressAt;
  while (open.length > 0) {
    if (parts.stopping())
      throw new StreamsError(
        'INVALID_STATE',
        'The application was closed while it restored its stores.',
      );
    const fetched = await poll(POLL_MS);
    for (const records of fetched) {
      for (const replay of byPartition.get(nameOf(records)) ?? [])
        if (replay.position < replay.endOffset) apply(replay, records, cursor, parts);
    }
    open = open.filter((replay) => replay.position < replay.endOffset);
    const now = parts.clock.monotonic();
    if (fetched.length > 0) progressAt = now;
    else if (now - progressAt > STALL_MS_MAX) throw stalled(open[0]);
    if (now - yieldedAt < SLICE_MS) continue;
    await parts.timers.yield();
    yieldedAt = now;
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

function apply(
  replay: Replay,
  records: FetchedRecords,
  cursor: RecordCursor,
  parts: RestoreParts,
): void {
  for (const { bytes, start } of records.batches) {
    cursor.reset(bytes, start, records);
    while (cursor.next()) {
      if (cursor.offset < replay.position || cursor.offset >= replay.endOffset) continue;
      const key = cursor.key();
      // A changelog record without key belongs to no entry of the store; Kafka's restore skips it too.
      if (key !== null) restoreOne(replay.target, key, cursor, parts);
      replay.restored++;
    }
  }
  assert(records.nextOffset >= replay.position, 'a fetch never moves a position back');
  replay.position = Math.min(records.nextOffset, replay.endOffset);
  const { store, topic, partition } = replay.target;
  parts.onProgress({
    store: store.name,
    topic,
    partition,
    restored: replay.restored,
    position: replay.position,
    endOffset: replay.endOffset,
  });
}

function restoreOne(
  target: RestoreTarget,
  key: Uint8Array,
  cursor: RecordCursor,
  parts: RestoreParts,
): void {
  const { store, topic, partition, decode } = target;
  const value = cursor.value();
  try {
    decode?.(key, value);
    store.restore(key, value, cursor.timestamp, cursor.headers());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const place = `topic=${topic}, partition=${partition}, offset=${cursor.offset}`;
    const where = { cause, store: store.name, topic, partition, offset: cursor.offset };
    if (decode === undefined) {
      throw new StreamsError(
        'RESTORE_FAILED',
        `Store '${store.name}' could not be restored from its changelog at ${place}: ${reason} Give the store the serdes it was written with, or start under another applicationId.`,
        where,
      );
    }
    const message = `Store '${store.name}' was restored without the record at ${place}, which cannot be decoded and was left out before: ${reason}`;
    parts.onLeftOut(new StreamsError('DESERIALIZE_FAILED', message, where));
  }
}

/** Where every partition of the topics ends, as a reader of committed records sees it. */
export async function endOffsets(
  admin: LogAdmin,
  topics: Iterable<string>,
): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
  const ends = new Map<string, ReadonlyMap<number, number>>();
  for (const topic of topics) {
    const offsets = await admin.listOffsets(topic, 'latest', { isolation: 'read_committed' });
    ends.set(topic, new Map(offsets.map(({ partition, offset }) => [partition, offset])));
  }
  return ends;
}

function uniquePartitions(partitions: readonly TopicPartition[]): TopicPartition[] {
  return [
    ...new Map(
      partitions.map(({ topic, partition }) => [
        nameOf({ topic, partition }),
        { topic, partition },
      ]),
    ).values(),
  ];
}

function stalled(replay: Replay | undefined): StreamsError {
  const { topic = '', partition = -1 } = replay?.target ?? {};
  return new StreamsError(
    'RESTORE_FAILED',
    `Store '${replay?.target.store.name}' could not be restored: ${topic}-${partition} delivered nothing for ${STALL_MS_MAX / 1000} s at offset ${replay?.position} of ${replay?.endOffset}.`,
    {
      topic,
      partition,
      ...(replay === undefined ? {} : { store: replay.target.store.name, offset: replay.position }),
    },
  );
}
