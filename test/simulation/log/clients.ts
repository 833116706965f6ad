/**
 * The clients of a simulated log: each operation of a plan becomes calls of the log's ports, begun at once and never
 * waited for, so that many are under way when the disk fails. What the calls come to goes into the ledger.
 */
import type { FetchedRecords, LogConsumer, LogProducer } from '../../../src/log/client.js';
import { StreamsError } from '../../../src/errors.js';
import { recordsOf } from '../../log/client-suite-records.js';
import {
  promise,
  TopicLedger,
  type OffsetClaim,
  type SentRecord,
  type TransactionLedger,
} from './ledger.js';
import type { Action } from './plan.js';
import { sentOf } from './verify.js';
import type { World } from './world.js';

const TRANSACTION_GROUP = 'copied';
const GROUP = 'shipping';
const PADDING = 'x'.repeat(4096);

type Of<D extends Action['do']> = Action & { readonly do: D };

interface Writing {
  readonly producer: LogProducer;
  readonly writer: number;
}

/** The clients of one life. */
export class Clients {
  readonly #world: World;
  readonly #life: number;
  readonly #plain: (Writing | undefined)[] = [];
  readonly #transactional: (Writing | undefined)[] = [];
  readonly #busy = new Set<number>();
  readonly #consumers: (LogConsumer | undefined)[] = [];
  /** Where each consumer's next poll of a partition should begin. */
  readonly #positions = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.#life = world.life;
  }

  begin(action: Action): void {
    this.#world.guard(() => this.#begin(action));
  }

  #begin(action: Action): Promise<void> | void {
    switch (action.do) {
      case 'send':
        return this.#send(action, this.#plainProducer(action.producer), undefined);
      case 'flush':
        return this.#plainProducer(action.producer).producer.flush();
      case 'new-producer':
        return this.#newProducer(action);
      case 'transaction':
        return this.#transaction(action);
      case 'create':
        return this.#create(action);
      case 'delete-topic':
        return this.#deleteTopic(action);
      case 'add-partition':
        return this.#addPartition(action);
      case 'alter':
        return this.#alter(action);
      case 'delete-records':
        return this.#deleteRecords(action);
      case 'poll':
        return this.#poll(action);
      case 'commit-offsets':
        return this.#commitOffsets(action);
      case 'close-consumer':
        return this.#closeConsumer(action);
      default:
        throw new Error(`'${action.do}' is no client's`);
    }
  }

  /** Whether what was begun in this life still says something. */
  get #alive(): boolean {
    return this.#world.life === this.#life;
  }

  #plainProducer(number: number): Writing {
    return (this.#plain[number] ??= this.#writing({}));
  }

  #writing(options: { readonly transactionalId?: string }): Writing {
    const { engine, plan, ledger } = this.#world;
    const { batchBytes, compression } = plan;
    const producer = engine.producer({ batchBytes, compression, ...options });
    return { producer, writer: ledger.nextWriter++ };
  }

  #newProducer({ producer }: Of<'new-producer'>): Promise<void> | void {
    const old = this.#plain[producer];
    this.#plain[producer] = undefined;
    return old?.producer.close();
  }

  #send(
    { topic: number, partition: place, count, bytes, key: keyNumber, tombstone }: Of<'send'>,
    { producer, writer }: Writing,
    transaction: TransactionLedger | undefined,
  ): void {
    const { engine, ledger, env, coverage, plan } = this.#world;
    const topic = engine.broker.topics.find(`topic-${number}`);
    const known = topic === undefined ? undefined : ledger.topics.get(topic.topicId);
    if (topic === undefined || known === undefined) return;
    const partition = place % topic.partitions.length;
    const out = producer.topic(topic.name);
    const key = `key ${keyNumber}`;
    const keyBytes = Buffer.from(key);
    if (plan.compression !== 'none') coverage.add('compressed batches');
    if (tombstone) coverage.add('tombstones sent', count);
    for (let i = 0; i < count; i++) {
      const timestamp = env.clock.now() + (keyNumber === 0 ? i - 1 : 0);
      const record = ledger.send(
        known.partition(partition),
        key,
        timestamp,
        tombstone,
        writer,
        transaction,
      );
      const value = tombstone ? null : Buffer.from(`${record.id}:${PADDING.slice(0, bytes)}`);
      const headers = tombstone ? [{ key: 'id', value: Buffer.from(`${record.id}`) }] : [];
      const done = (error: StreamsError | undefined, offset: number) =>
        this.#sent(record, error, offset);
      try {
        out.append(
          partition,
          timestamp,
          keyBytes,
          0,
          keyBytes.length,
          value,
          0,
          value?.length ?? 0,
          headers,
          done,
        );
      } catch (error) {
        if (!(error instanceof StreamsError)) throw error;
        record.refused(error.code === 'OUTCOME_UNKNOWN');
        coverage.add('records refused');
      }
    }
  }

  /** The log catches what a callback throws, so a broken promise is noted here. */
  #sent(record: SentRecord, error: StreamsError | undefined, offset: number): void {
    const { coverage } = this.#world;
    if (!this.#alive) return;
    this.#world.guard(() => {
      if (error === undefined) {
        record.acknowledged(offset);
        coverage.add('records acknowledged');
      } else {
        const unknown = error.code === 'OUTCOME_UNKNOWN';
        record.refused(unknown);
        coverage.add(unknown ? 'records unknown' : 'records refused');
      }
    });
  }

  async #transaction(action: Of<'transaction'>): Promise<void> {
    const { id } = action;
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    try {
      const known = this.#transactional[id];
      const writing = known ?? this.#writing({ transactionalId: `transactional-${id}` });
      this.#transactional[id] = writing;
      if (known === undefined) await writing.producer.init();
      await this.#inTransaction(action, writing);
    } catch (error) {
      // Whatever went wrong, the next transaction of this id begins with a new producer.
      this.#transactional[id] = undefined;
      throw error;
    } finally {
      this.#busy.delete(id);
    }
  }

  async #inTransaction(action: Of<'transaction'>, writing: Writing): Promise<void> {
    const { ledger, coverage } = this.#world;
    const { producer } = writing;
    producer.begin();
    const transaction = ledger.begin();
    for (const send of action.sends) {
      this.#send(send, writing, transaction);
      if (send.key === 1) await producer.flush(); // oxlint-disable-line no-await-in-loop -- in its order
    }
    if (action.end === 'leave') {
      this.#transactional[action.id] = undefined;
      return;
    }
    if (action.end === 'fence') await this.#fence(action.id);
    if (action.end === 'abort') {
      await producer.abort();
      if (!this.#alive) return;
      ledger.ended(transaction, 'absent');
      coverage.add('transactions aborted');
      return;
    }
    this.#addOffsets(action, producer, transaction);
    await this.#commit(producer, transaction);
  }

  async #fence(id: number): Promise<void> {
    const other = this.#writing({ transactionalId: `transactional-${id}` });
    this.#transactional[id] = other;
    await other.producer.init();
    this.#world.coverage.add('producers fenced');
  }

  #addOffsets(
    { offset }: Of<'transaction'>,
    producer: LogProducer,
    transaction: TransactionLedger,
  ): void {
    const { engine, ledger } = this.#world;
    const topic = engine.broker.topics.find('topic-0');
    if (offset < 0 || topic === undefined) return;
    producer.sendOffsets([{ topic: topic.name, partition: 0, offset, metadata: '' }], {
      groupId: TRANSACTION_GROUP,
      generationId: -1,
      memberId: '',
    });
    transaction.offsets.push(ledger.slot(TRANSACTION_GROUP, topic.topicId, 0).claim(offset));
  }

  async #commit(producer: LogProducer, transaction: TransactionLedger): Promise<void> {
    const { ledger, coverage } = this.#world;
    transaction.commitAsked = true;
    let outcome: 'committed' | 'fenced' | 'unknown';
    try {
      ({ outcome } = await producer.commit());
    } catch (error) {
      if (!(error instanceof StreamsError) || !this.#alive) throw error;
      ledger.ended(transaction, error.code === 'OUTCOME_UNKNOWN' ? 'unknown' : 'absent');
      throw error;
    }
    if (!this.#alive) return;
    if (outcome === 'unknown') coverage.add('transactions unknown');
    if (outcome === 'committed') coverage.add('transactions committed');
    const fates = { committed: 'present', fenced: 'absent', unknown: 'unknown' } as const;
    ledger.ended(transaction, fates[outcome]);
  }

  async #create({ topic: number, partitions, config }: Of<'create'>): Promise<void> {
    const { engine, ledger, coverage } = this.#world;
    const name = `topic-${number}`;
    const before = engine.broker.topics.find(name)?.topicId;
    const created = engine.admin().createTopics([{ topic: name, partitions, config }]);
    const found = engine.broker.topics.find(name);
    let topic: TopicLedger | undefined;
    if (found !== undefined && found.topicId !== before) {
      topic = new TopicLedger(name, found.topicId, partitions, config);
      const again = [...ledger.topics.values()].some((other) => other.name === name);
      ledger.topics.set(found.topicId, topic);
      if (again) coverage.add('topics made anew');
    }
    await created;
    if (!this.#alive || topic === undefined) return;
    topic.created = 'present';
    topic.partitionsMin = Math.max(topic.partitionsMin, partitions);
    coverage.add('topics created');
  }

  async #deleteTopic({ topic: number }: Of<'delete-topic'>): Promise<void> {
    const { engine, ledger, coverage } = this.#world;
    const found = engine.broker.topics.find(`topic-${number}`);
    const topic = found && ledger.topics.get(found.topicId);
    if (topic === undefined) return;
    topic.deleted = 'pending';
    await this.#orTakenBack(engine.admin().deleteTopics([topic.name]), () => {
      topic.deleted = 'absent';
    });
    if (!this.#alive) return;
    topic.deleted = 'present';
    coverage.add('topics deleted');
  }

  /** `undo` when the call was refused without a doubt. */
  async #orTakenBack(call: Promise<void>, undo: () => void): Promise<void> {
    try {
      await call;
    } catch (error) {
      if (error instanceof StreamsError && error.code !== 'OUTCOME_UNKNOWN' && this.#alive) undo();
      throw error;
    }
  }

  async #addPartition({ topic: number }: Of<'add-partition'>): Promise<void> {
    const { engine, ledger, coverage } = this.#world;
    const found = engine.broker.topics.find(`topic-${number}`);
    const topic = found && ledger.topics.get(found.topicId);
    if (found === undefined || topic === undefined) return;
    const partitions = found.partitions.length + 1;
    if (partitions > 5) return;
    topic.partitionsMax = Math.max(topic.partitionsMax, partitions);
    await engine.admin().createPartitions([{ topic: topic.name, partitions }]);
    if (!this.#alive) return;
    topic.partitionsMin = Math.max(topic.partitionsMin, partitions);
    coverage.add('partitions added');
  }

  async #alter({ topic: number, set }: Of<'alter'>): Promise<void> {
    const { engine, ledger, coverage } = this.#world;
    const found = engine.broker.topics.find(`topic-${number}`);
    const topic = found && ledger.topics.get(found.topicId);
    if (topic === undefined) return;
    if (set['retention.ms'] !== undefined)
      topic.retentionMs = Math.min(topic.retentionMs, Number(set['retention.ms']));
    await engine.admin().alterConfigs([{ topic: topic.name, set }]);
    coverage.add('configs altered');
  }

  async #deleteRecords({ topic: number, partition: place, share }: Of<'delete-records'>) {
    const { engine, ledger, coverage } = this.#world;
    const found = engine.broker.topics.find(`topic-${number}`);
    const topic = found && ledger.topics.get(found.topicId);
    if (found === undefined || topic === undefined) return;
    const partition = place % found.partitions.length;
    const known = topic.partition(partition);
    const offset = Math.floor(found.partitions[partition]!.highWatermark * share);
    known.startAsked = Math.max(known.startAsked, offset);
    await engine.admin().deleteRecords([{ topic: topic.name, partition, offset }]);
    if (!this.#alive) return;
    known.start = Math.max(known.start, offset);
    coverage.add('records deleted');
  }

  async #poll({ consumer: number }: Of<'poll'>): Promise<void> {
    const { coverage } = this.#world;
    const consumer = this.#consumer(number);
    if (consumer === undefined) return;
    const fetched = await consumer.poll(0);
    if (!this.#alive) return;
    if (fetched.length > 0) coverage.add('polls with records');
    for (const records of fetched) this.#fetched(number, records);
  }

  /** What a consumer sees is as good as acknowledged, and it sees everything that was acknowledged. */
  #fetched(consumer: number, fetched: FetchedRecords): void {
    const { engine, ledger } = this.#world;
    const found = engine.broker.topics.find(fetched.topic);
    const known = found && ledger.topics.get(found.topicId)?.partition(fetched.partition);
    if (known === undefined) return;
    const place = `${consumer} ${known.topic.topicId} ${fetched.partition}`;
    const position = this.#positions.get(place) ?? 0;
    promise(
      fetched.nextOffset >= fetched.firstOffset &&
        (consumer > 0 || fetched.firstOffset >= position),
      () => `a consumer of ${known.name} went from ${position} back to ${fetched.firstOffset}`,
    );
    this.#positions.set(place, fetched.nextOffset);
    const seen = new Set<number>();
    for (const record of recordsOf([fetched])) {
      sentOf(ledger, known, record).seen(record.offset, true);
      seen.add(record.offset);
    }
    if (known.topic.compacted) return;
    const from = Math.max(fetched.firstOffset, known.startAsked, engineStart(found, fetched));
    for (let offset = from; offset < fetched.nextOffset; offset++) {
      const record = known.at(offset);
      promise(
        record === undefined || record.fate !== 'present' || seen.has(offset),
        () => `a consumer passed over ${record?.text} at ${offset}`,
      );
    }
  }

  #consumer(number: number): LogConsumer | undefined {
    const known = this.#consumers[number];
    if (known !== undefined) return known;
    const { engine, coverage } = this.#world;
    const topics = [...engine.broker.topics.all()];
    if (topics.length === 0) return undefined;
    const consumer = engine.consumer(number === 0 ? {} : { groupId: GROUP });
    if (number === 0)
      consumer.assign(
        topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partition }) => ({ topic: name, partition })),
        ),
      );
    else {
      consumer.subscribe(topics.map(({ name }) => name));
      coverage.add('group joins');
    }
    this.#consumers[number] = consumer;
    return consumer;
  }

  async #commitOffsets({ consumer: number, offset }: Of<'commit-offsets'>): Promise<void> {
    const { engine, ledger, coverage } = this.#world;
    const consumer = number === 0 ? undefined : this.#consumers[number];
    const [partition] = consumer?.assignment() ?? [];
    const topic = partition && engine.broker.topics.find(partition.topic);
    if (consumer === undefined || partition === undefined || topic === undefined) return;
    const slot = ledger.slot(GROUP, topic.topicId, partition.partition);
    const claim: OffsetClaim = slot.claim(offset);
    await this.#orTakenBack(consumer.commit([{ ...partition, offset, metadata: '' }]), () =>
      slot.settle(claim, 'absent'),
    );
    if (!this.#alive) return;
    slot.settle(claim, 'present');
    coverage.add('group commits');
  }

  #closeConsumer({ consumer: number }: Of<'close-consumer'>): Promise<void> | void {
    const consumer = this.#consumers[number];
    this.#consumers[number] = undefined;
    for (const place of this.#positions.keys())
      if (place.startsWith(`${number} `)) this.#positions.delete(place);
    return consumer?.close();
  }
}

function engineStart(
  topic: { readonly partitions: readonly { readonly startOffset: number }[] } | undefined,
  { partition }: FetchedRecords,
): number {
  return topic?.partitions[partition]?.startOffset ?? 0;
}
