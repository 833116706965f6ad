/**
 * Reads the whole log as clients can and compares it with what they were told: records, their order and offsets, log
 * starts and ends, timestamps, topics, committed offsets. With `settled`, nothing is under way and no former life left
 * anything open, so every unknown outcome is decided by what is there now.
 */
import { SeededRandom } from '../../../src/env/seeded-random.js';
import type { Isolation } from '../../../src/log/client.js';
import { recordsOf, type ReadRecord } from '../../log/client-suite-records.js';
import {
  promise,
  Violation,
  type Ledger,
  type PartitionLedger,
  type SentRecord,
  type TopicLedger,
  type TransactionLedger,
} from './ledger.js';
import type { World } from './world.js';

/** Kafka's message.timestamp.after.max.ms. */
const TIMESTAMP_AFTER_MAX_MS = 3_600_000;

export async function verify(world: World, settled: boolean, salt: number): Promise<void> {
  const random = new SeededRandom(world.plan.seed).fork(`verify ${salt}`);
  world.latestMs = Math.max(world.latestMs, world.env.clock.now());
  const topics = verifyTopics(world, settled);
  const undecided = world.ledger.unknownTransactions;
  for (const topic of topics) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a seed does the same each time
    await verifyRecords(world, topic, settled, random);
  }
  if (settled) {
    decideTransactions(world, topics, undecided);
    for (const topic of topics) for (const partition of topic.partitions) decide(world, partition);
  }
  await verifyOffsets(world, settled);
}

/** Topics that were promised are there, deleted ones are not. Returns those that are there. */
function verifyTopics(world: World, settled: boolean): TopicLedger[] {
  const { ledger, engine } = world;
  const found = new Set<string>();
  const topics: TopicLedger[] = [];
  for (const { name, topicId, partitions } of engine.broker.topics.all()) {
    const topic = ledger.topics.get(topicId);
    promise(topic !== undefined, () => `topic '${name}' has an id that nobody made: ${topicId}`);
    if (topic === undefined) continue;
    promise(topic.deleted !== 'present', () => `topic '${name}' was deleted and is there again`);
    promise(
      partitions.length >= topic.partitionsMin && partitions.length <= topic.partitionsMax,
      () =>
        `topic '${name}' has ${partitions.length} partitions, it can have ${topic.partitionsMin} to ${topic.partitionsMax}`,
    );
    found.add(topicId);
    topics.push(topic);
    if (!settled) continue;
    topic.created = 'present';
    topic.deleted = 'absent';
    topic.partitionsMin = partitions.length;
    topic.partitionsMax = partitions.length;
  }
  for (const topic of ledger.topics.values()) {
    if (found.has(topic.topicId)) continue;
    promise(
      topic.created !== 'present' || topic.deleted !== 'absent',
      () => `topic '${topic.name}' was made and is not there`,
    );
    if (settled) topic.deleted = 'present';
  }
  return topics;
}

async function verifyRecords(
  world: World,
  topic: TopicLedger,
  settled: boolean,
  random: SeededRandom,
): Promise<void> {
  const { env, engine } = world;
  const ends = async (isolation: Isolation) =>
    env.run(engine.admin().listOffsets(topic.name, 'latest', { isolation }));
  const starts = await env.run(engine.admin().listOffsets(topic.name, 'earliest'));
  const high = await ends('read_uncommitted');
  const stable = await ends('read_committed');
  for (const { partition, offset: start } of starts) {
    const known = topic.partition(partition);
    const end = high[partition]!.offset;
    promise(end >= known.end, () => `${known.name} ends at ${end}, it had ${known.end}`);
    if (settled)
      promise(
        stable[partition]!.offset === end,
        () =>
          `${known.name} is stable to ${stable[partition]!.offset} of ${end}, and nothing is open`,
      );
    verifyStart(world, known, start, settled);
    const all = await readAll(world, known, 'read_uncommitted');
    const committed = await readAll(world, known, 'read_committed');
    verifyReading(world, known, start, end, all, false);
    verifyReading(world, known, start, stable[partition]!.offset, committed, true);
    if (settled || world.engine.broker.durability.idle)
      await verifyTimestamps(world, known, start, all, random);
  }
}

/** It never goes back, and goes forward only for a reason. */
function verifyStart(world: World, known: PartitionLedger, start: number, settled: boolean): void {
  const { topic } = known;
  promise(
    start >= known.start,
    () => `the log start of ${known.name} went from ${known.start} back to ${start}`,
  );
  for (let offset = known.startAsked; offset < start; offset++) {
    const record = known.at(offset);
    if (record === undefined) continue;
    promise(
      record.timestamp < world.latestMs - topic.retentionMs || fromTheFuture(world, record),
      () =>
        `the log start of ${known.name} is ${start}; nobody asked for that, and ${record.text} is young`,
    );
  }
  if (start > known.startAsked) world.coverage.add('log starts raised by retention');
  // One that is raised just now is in force before it is durable; nobody was told of it yet.
  if (settled && world.engine.broker.durability.idle) known.start = start;
}

/** Once the clock stood so far back that the topic would not have taken the record; such a time keeps no segment. */
function fromTheFuture(world: World, { timestamp }: SentRecord): boolean {
  return timestamp > world.earliestMs + TIMESTAMP_AFTER_MAX_MS;
}

async function readAll(
  world: World,
  { topic, partition }: PartitionLedger,
  isolation: Isolation,
): Promise<ReadRecord[]> {
  const consumer = world.engine.consumer({ isolation });
  consumer.assign([{ topic: topic.name, partition }]);
  const all: ReadRecord[] = [];
  for (;;) {
    const fetched = await world.env.run(consumer.poll(0)); // oxlint-disable-line no-await-in-loop -- one poll after the other
    if (fetched.length === 0) break;
    for (const record of recordsOf(fetched)) all.push(record);
  }
  await world.env.run(consumer.close());
  return all;
}

/** Every record is one that was sent there, once, in order; none that was promised is missing. */
function verifyReading(
  world: World,
  known: PartitionLedger,
  start: number,
  end: number,
  reading: readonly ReadRecord[],
  committed: boolean,
): void {
  const seen = new Set<SentRecord>();
  const last = new Map<number, SentRecord>();
  let before = start - 1;
  for (const found of reading) {
    const { offset, key, timestamp } = found;
    const record = sentOf(world.ledger, known, found);
    promise(offset > before, () => `offset ${offset} of ${known.name} comes behind ${before}`);
    before = offset;
    promise(
      record.key === key && record.timestamp === timestamp,
      () => `${record.text} has key ${key} and timestamp ${timestamp}`,
    );
    promise(!seen.has(record), () => `${record.text} is there twice, the second time at ${offset}`);
    seen.add(record);
    record.seen(offset, committed);
    const former = last.get(record.writer);
    promise(
      former === undefined || former.id < record.id,
      () => `${record.text} stands behind ${former?.text}, which was sent later`,
    );
    last.set(record.writer, record);
  }
  const missing = known.records.filter(
    (record) =>
      record.fate === 'present' &&
      record.offset >= start &&
      record.offset < end &&
      !seen.has(record),
  );
  for (const record of missing)
    promise(mayBeCleaned(world, record), () => `${record.text} is missing at ${record.offset}`);
  if (missing.length > 0) world.coverage.add('records cleaned away', missing.length);
}

/** Compaction takes what a later record of the key made obsolete, and tombstones after their time. */
function mayBeCleaned(world: World, record: SentRecord): boolean {
  const { topic, records } = record.partition;
  if (!topic.compacted) return false;
  if (record.tombstone && world.latestMs >= record.timestamp + topic.deleteRetentionMs) return true;
  return records.some(
    ({ key, offset, fate }) => fate === 'present' && key === record.key && offset > record.offset,
  );
}

/** The record that a value names. */
export function sentOf(
  ledger: Ledger,
  known: PartitionLedger,
  { value, headers }: ReadRecord,
): SentRecord {
  const id = value === null ? headers[0]?.value?.toString() : value.split(':', 1)[0];
  const record = ledger.records[Number(id)];
  if (record === undefined || record.partition !== known)
    throw new Violation(`${known.name} has a record that nobody sent there: id ${id}`);
  return record;
}

/** All or nothing, over all partitions, and the offsets with them. */
function decideTransactions(
  world: World,
  topics: readonly TopicLedger[],
  undecided: readonly TransactionLedger[],
): void {
  for (const transaction of undecided) {
    const readable = transaction.records.filter(
      ({ partition, offset, refusedForGood }) =>
        !refusedForGood &&
        topics.includes(partition.topic) &&
        !partition.topic.compacted &&
        offset >= partition.start,
    );
    // With nothing left to read nobody can tell any more.
    if (readable.length === 0) continue;
    if (transaction.fate === 'present') {
      for (const record of readable)
        promise(
          record.wasSeen,
          () =>
            `${record.text} is missing at ${record.offset}, the rest of its transaction is there`,
        );
      world.ledger.ended(transaction, 'present');
      world.coverage.add('unknown kept');
    } else {
      world.ledger.ended(transaction, 'absent');
      world.coverage.add('unknown lost');
    }
  }
}

/** What was unknown and is not there never was; what one writer sent is there up to one point. */
function decide(world: World, known: PartitionLedger): void {
  const lost = new Map<number, SentRecord>();
  for (const record of known.records) {
    if (record.transaction !== undefined) continue;
    const { fate } = record;
    if (fate === 'unknown') {
      record.missing();
      world.coverage.add('unknown lost');
      lost.set(record.writer, record);
    } else if (fate === 'present') {
      const earlier = lost.get(record.writer);
      promise(
        earlier === undefined || known.start > 0 || known.topic.compacted,
        () =>
          `${record.text} is there, but ${earlier?.text} of the same producer, sent before, is not`,
      );
    }
  }
}

/** The first record at or after a time. */
async function verifyTimestamps(
  world: World,
  known: PartitionLedger,
  start: number,
  all: readonly ReadRecord[],
  random: SeededRandom,
): Promise<void> {
  if (all.length === 0) return;
  const wanted = all[random.below(all.length)]!.timestamp + random.below(3) - 1;
  const { topic, partition } = known;
  const offsets = await world.env.run(world.engine.admin().listOffsets(topic.name, wanted));
  const found = offsets[partition]!.offset;
  const expected = all.find(({ timestamp }) => timestamp >= wanted)?.offset ?? -1;
  world.coverage.add('timestamps found');
  // A marker has a timestamp too, and no reader sees it.
  const marker = found >= start && (expected < 0 || found < expected);
  promise(
    found === expected || (marker && !all.some(({ offset }) => offset === found)),
    () =>
      `the first record of ${known.name} at or after ${wanted} is at ${expected}, not at ${found}`,
  );
}

async function verifyOffsets(world: World, settled: boolean): Promise<void> {
  const { ledger, engine, env } = world;
  if (!settled) return;
  const groups = new Set(Array.from(ledger.slots.values(), ({ groupId }) => groupId));
  for (const groupId of groups) {
    const found = new Map<string, number>();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (const held of await env.run(engine.admin().committedOffsets(groupId)))
      found.set(`${engine.broker.topics.find(held.topic)?.topicId} ${held.partition}`, held.offset);
    for (const slot of ledger.slots.values()) {
      if (slot.groupId !== groupId || engine.broker.topics.byId(slot.topicId) === undefined)
        continue;
      slot.observe(found.get(`${slot.topicId} ${slot.partition}`) ?? -1);
    }
  }
}
