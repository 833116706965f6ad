/**
 * A small random life of a storage and what must be true after it ended anywhere. The oracle is the list of entries
 * as they were appended: after a crash the storage must show the state after one of its prefixes, and that prefix
 * must contain everything that was acknowledged. States are compared as text, records included.
 */
import type { SeededRandom } from '../../../src/env/seeded-random.js';
import type { SimulatedEnv } from '../../../src/env/simulated-env.js';
import {
  openJournalStorage,
  type Durability,
  type JournalStorage,
} from '../../../src/log/engine/journal-storage.js';
import type {
  JournalEntry,
  LogStorage,
  RecoveryReport,
  StorageHost,
} from '../../../src/log/engine/storage.js';
import { batch, readAll, recordsOf, topicCreated } from '../storage-suite.js';

interface Place {
  start: number;
  end: number;
  records: string[];
}

/** Segments were replaced; `removed` are the records that went. */
export interface Replaced {
  readonly type: 'replaced';
  readonly topicId: string;
  readonly partition: number;
  readonly removed: ReadonlySet<string>;
}

/** What an engine would know; also the expected state after a prefix of entries. */
export class ModelHost implements StorageHost {
  readonly topics = new Map<
    string,
    { entry: JournalEntry & { readonly type: 'topic-created' }; readonly partitions: Place[] }
  >();
  readonly offsets = new Map<string, number>();

  apply(entry: JournalEntry | Replaced): void {
    if (entry.type === 'replaced') {
      // Of a topic that is deleted meanwhile nothing is left anyway.
      const place = this.topics.get(entry.topicId)?.partitions[entry.partition];
      if (place !== undefined)
        place.records = place.records.filter((record) => !entry.removed.has(record));
    } else if (entry.type === 'topic-created') {
      if (this.topics.has(entry.topicId)) return;
      const partitions = Array.from({ length: entry.partitions }, newPlace);
      this.topics.set(entry.topicId, { entry, partitions });
    } else if (entry.type === 'topic-deleted') this.topics.delete(entry.topicId);
    else if (entry.type === 'topic-config' || entry.type === 'topic-partitions')
      this.#change(entry);
    else if (entry.type === 'group-offsets') {
      for (const { topicId, partition, offset } of entry.offsets)
        this.offsets.set(`${entry.groupId} ${topicId} ${partition}`, offset);
    } else if (entry.type === 'log-start')
      raise(this.place(entry.topicId, entry.partition), entry.offset);
    else if (entry.type === 'batch') {
      const place = this.place(entry.topicId, entry.partition);
      place.end = entry.lastOffset + 1;
      place.records.push(...recordsOf([{ bytes: entry.bytes, start: 0, end: entry.bytes.length }]));
    } else if (entry.type === 'partition-state') {
      const place = this.place(entry.topicId, entry.partition);
      place.start = entry.state.startOffset;
      place.end = entry.state.endOffset;
    }
  }

  #change(entry: JournalEntry & { readonly type: 'topic-config' | 'topic-partitions' }): void {
    const topic = this.topics.get(entry.topicId)!;
    topic.entry = { ...topic.entry, ...entry, type: 'topic-created' };
    while (topic.partitions.length < topic.entry.partitions) topic.partitions.push(newPlace());
  }

  replay(entry: JournalEntry): void {
    this.apply(entry);
  }

  snapshot(): JournalEntry[] {
    const entries: JournalEntry[] = [...this.topics.values()].map((topic) => topic.entry);
    for (const [key, offset] of this.offsets) {
      const [groupId = '', topicId = '', partition = ''] = key.split(' ');
      entries.push({
        type: 'group-offsets',
        groupId,
        offsets: [{ topicId, partition: Number(partition), offset, metadata: '', timestamp: 0 }],
      });
    }
    for (const [topicId, { partitions }] of this.topics) {
      for (const [partition, place] of partitions.entries()) {
        entries.push({
          type: 'partition-state',
          topicId,
          partition,
          state: { startOffset: place.start, endOffset: place.end, producers: [], aborted: [] },
        });
      }
    }
    return entries;
  }

  place(topicId: string, partition: number): Place {
    return this.topics.get(topicId)!.partitions[partition]!;
  }

  /** The whole state; records come from `storage` when it is given, so that they are what can be read. */
  text(storage?: LogStorage): string {
    const lines: string[] = [...this.offsets]
      .map(([key, offset]) => `offset ${key} ${offset}`)
      .toSorted();
    for (const [topicId, { partitions }] of this.topics) {
      for (const [partition, place] of partitions.entries()) {
        const records =
          storage === undefined
            ? place.records.filter((record) => Number(record.split(':')[0]) >= place.start)
            : readAll(storage.partition(topicId, partition), 200);
        const stored = storage?.partition(topicId, partition) ?? {
          startOffset: place.start,
          endOffset: place.end,
        };
        lines.push(
          `${topicId} ${partition} host ${place.start}-${place.end} storage ${stored.startOffset}-${stored.endOffset} ${records.join(' ')}`,
        );
      }
    }
    return lines.join('\n');
  }
}

const newPlace = (): Place => ({ start: 0, end: 0, records: [] });

function raise(place: Place, offset: number): void {
  place.start = Math.max(place.start, offset);
  place.end = Math.max(place.end, place.start);
}

/** What was asked of a storage, and what it promised. */
export class History {
  readonly entries: (JournalEntry | Replaced)[] = [];
  /** So many entries are acknowledged. */
  acknowledged = 0;

  /** State texts after each prefix that the storage may show. */
  allowed(): Map<string, number> {
    const host = new ModelHost();
    const texts = new Map<string, number>();
    if (this.acknowledged === 0) texts.set(host.text(), 0);
    for (const [i, entry] of this.entries.entries()) {
      host.apply(entry);
      if (i + 1 >= this.acknowledged) texts.set(host.text(), i + 1);
    }
    return texts;
  }
}

export interface Opened {
  readonly storage: JournalStorage;
  readonly host: ModelHost;
  readonly report: RecoveryReport;
}

export function openSmall(env: SimulatedEnv, durability: Durability = 'fsync'): Opened {
  const host = new ModelHost();
  const limits = env.random.fork('limits');
  const storage = openJournalStorage({
    directory: '/log',
    env,
    thread: 'inline',
    durability,
    journalBytesMax: 3000,
    // Fewer than there are partitions: some are written with each group, others wait.
    openFilesMax: 1 + (limits.uint32() % 3),
    waitingBytesMax: limits.uint32() % 5000,
  });
  const report = storage.open(host);
  return { storage, host, report };
}

const NAMES = ['red', 'green'];

/** Replaces some segments of a partition by some of their batches, now and then. */
class Replacing {
  readonly #random: SeededRandom;
  readonly #history: History;
  #replaced: Replaced | undefined;
  /** Whether readers see it. */
  #inForce: (() => boolean) | undefined;
  /** Where the last one was written down. */
  #at = -1;

  constructor(random: SeededRandom, history: History) {
    this.#random = random;
    this.#history = history;
  }

  begin(storage: JournalStorage, topicId: string, partition: number): void {
    const log = storage.partition(topicId, partition);
    const segments = log
      .segments()
      .filter(({ sealed, endOffset }) => sealed && endOffset <= log.replaceableTo);
    if (storage.replacing || segments.length === 0) return;
    const first = this.#random.below(segments.length);
    const group = segments.slice(first, first + 1 + this.#random.below(3));
    const removed = new Set<string>();
    const replacement = storage.replace(topicId, partition, group);
    for (const { baseOffset, endOffset } of group) {
      for (const found of log.read(baseOffset, endOffset, 1_000_000)) {
        if (this.#random.below(5) < 3) replacement.append(found);
        else for (const record of recordsOf([found])) removed.add(record);
      }
    }
    if (this.#random.below(10) === 0) return replacement.abandon();
    const cleanedTo = 1_000_000 + this.#history.entries.length;
    this.#replaced = { type: 'replaced', topicId, partition, removed };
    this.#inForce = () => log.cleanedTo === cleanedTo;
    replacement.finish(cleanedTo, (error) => {
      this.note();
      if (error === undefined)
        this.#history.acknowledged = Math.max(this.#history.acknowledged, this.#at + 1);
    });
    this.note();
  }

  /** Writes down what has happened since it was called last; nothing else may be written down in between. */
  note(): void {
    if (this.#replaced === undefined || this.#inForce?.() !== true) return;
    this.#at = this.#history.entries.push(this.#replaced) - 1;
    this.#replaced = undefined;
  }
}

/** Appends `steps` random entries, with syncs, waits and a clean end in between. Stops where a simulated crash throws. */
export async function live(
  env: SimulatedEnv,
  random: SeededRandom,
  history: History,
  steps: number,
  durability: Durability = 'fsync',
): Promise<void> {
  let opened = openSmall(env, durability);
  let nextTopic = 0;
  const replacing = new Replacing(random, history);
  const run = () => {
    try {
      env.runImmediates();
    } finally {
      replacing.note();
    }
  };
  const append = (entry: JournalEntry) => {
    opened.storage.append(entry);
    opened.host.apply(entry);
    history.entries.push(entry);
  };
  const sync = () => {
    const end = history.entries.length;
    opened.storage.sync((error) => {
      // Without fsync only a proper end promises anything.
      if (error === undefined && durability === 'fsync') history.acknowledged = end;
    });
  };
  for (let step = 0; step < steps; step++) {
    const topics = [...opened.host.topics.keys()];
    const draw = random.below(100);
    const free = NAMES.filter(
      (name) => ![...opened.host.topics.values()].some(({ entry }) => entry.topic === name),
    );
    if (topics.length === 0 || (draw < 5 && free.length > 0))
      append(topicCreated(`id${nextTopic++}`, free[0]!, 2, { 'segment.bytes': '400' }));
    else {
      const topicId = topics[random.below(topics.length)]!;
      const { partitions } = opened.host.topics.get(topicId)!;
      const partition = random.below(partitions.length);
      const place = opened.host.place(topicId, partition);
      if (draw < 8) append({ type: 'topic-deleted', topicId });
      else if (draw < 13)
        append({
          type: 'log-start',
          topicId,
          partition,
          offset: place.start + random.below(place.end - place.start + 3),
        });
      else if (draw < 16) {
        if (random.below(2) === 0) opened.storage.checkpoint();
        replacing.begin(opened.storage, topicId, partition);
      } else if (draw < 18) opened.storage.partition(topicId, partition).roll();
      else if (draw < 21) {
        const config = { 'segment.bytes': `${300 + random.below(600)}` };
        append({ type: 'topic-config', topicId, config });
      } else if (draw < 23 && partitions.length < 4)
        append({ type: 'topic-partitions', topicId, partitions: partitions.length + 1 });
      else if (draw < 28)
        append({
          type: 'group-offsets',
          groupId: 'g',
          offsets: [{ topicId, partition, offset: step, metadata: '', timestamp: 0 }],
        });
      else
        append(
          batch(
            topicId,
            partition,
            place.end,
            Array.from(
              { length: 1 + random.below(3) },
              (_, i) => `v${step}.${i}${'x'.repeat(random.below(30))}`,
            ),
          ),
        );
    }
    if (random.below(3) === 0) sync();
    if (random.below(4) === 0) run();
    if (draw === 99) {
      await env.run(opened.storage.close());
      history.acknowledged = history.entries.length;
      opened = openSmall(env, durability);
    }
  }
  sync();
  run();
  await env.run(opened.storage.close());
  history.acknowledged = history.entries.length;
}
