/**
 * Draws the join of two tables by a foreign key. The left side subscribes at the partition of the foreign key, the right
 * side answers to the partition of the left row, through two internal topics:
 *
 *     left ---> subscribe ===> keep ---> answer -----------\
 *                               |                           >===> resolve ---> result
 *     right ------------------> answer all subscribers ----/
 */
import type { StreamPartitioner } from '../processor/collector.js';
import { Serdes } from '../serde/serdes.js';
import type { Serde } from '../serde/serde.js';
import { Stores } from '../state/stores.js';
import { assert } from '../errors.js';
import {
  AnswerSubscribers,
  AnswerSubscription,
  KeepSubscription,
} from './operators/foreign-key/answer.js';
import { CombinedKeys } from './operators/foreign-key/combined-key.js';
import { ResolveResponse } from './operators/foreign-key/resolve.js';
import { SubscribeProcessor, type ForeignKeyExtractor } from './operators/foreign-key/subscribe.js';
import {
  responseSerde,
  subscriptionSerde,
  type SubscriptionResponse,
} from './operators/foreign-key/subscription.js';
import { tableSource } from './operators/table-source.js';
import type { PairJoiner } from './operators/table-table-join.js';
import type { Materialized, TableJoined } from './options.js';
import { requireSamePlan, tableStore } from './plan-steps.js';
import type {
  Decision,
  OperatorPlan,
  PlanNode,
  RepartitionPlan,
  SerdeSlot,
  TablePlan,
  TableState,
} from './plan.js';
import type { ResolvedSerdes } from './serde-resolution.js';

type JoinOptions = TableJoined<unknown, unknown> & Materialized<unknown, unknown>;

export interface ForeignKeyJoin {
  readonly foreignKey: ForeignKeyExtractor<unknown, unknown, unknown>;
  readonly joiner: PairJoiner<unknown, unknown, unknown>;
  readonly left: boolean;
}

const PREFIX = 'KTABLE-FK-JOIN-';
const REGISTRATION = `${PREFIX}SUBSCRIPTION-REGISTRATION-`;
const RESPONSE = `${PREFIX}SUBSCRIPTION-RESPONSE-`;
const PROCESSOR = `${PREFIX}SUBSCRIPTION-PROCESSOR-`;
const OUTPUT = `${PREFIX}OUTPUT-`;

/** All names, in Kafka's order: the counter moves for each. */
function namesOf(left: TableState, given: string | undefined) {
  const name = (suffix: string, prefix: string): string =>
    left.plan.names.suffixed(given, suffix, prefix);
  const sink = 'KTABLE-SINK-';
  const source = 'KTABLE-SOURCE-';
  return {
    registrationTopic: `${name('-subscription-registration', REGISTRATION)}-topic`,
    registration: name('-subscription-registration-processor', REGISTRATION),
    registrationSink: name('-subscription-registration-sink', sink),
    registrationSource: name('-subscription-registration-source', source),
    store: name('-subscription-store', `${PREFIX}SUBSCRIPTION-STATE-STORE-`),
    receive: name('-subscription-receive', PROCESSOR),
    answer: name('-subscription-join-foreign', PROCESSOR),
    answerAll: name('-foreign-join-subscription', PROCESSOR),
    responseTopic: `${name('-subscription-response', RESPONSE)}-topic`,
    responseSink: name('-subscription-response-sink', sink),
    responseSource: name('-subscription-response-source', source),
    resolver: name(
      '-subscription-response-resolver',
      `${PREFIX}SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-`,
    ),
    result: name('-result', OUTPUT),
  };
}

export function joinByForeignKey(
  left: TableState,
  right: TableState,
  join: ForeignKeyJoin,
  options: JoinOptions,
): TableState {
  const { plan } = left;
  requireSamePlan(plan, right.plan, join.left ? 'leftJoin()' : 'join()');
  const names = namesOf(left, options.name);
  const registered = drawRegistration(left, right, join, options, names);
  const answers = drawAnswers(left, right, registered, names);
  const response: RepartitionPlan = plan.add({
    kind: 'repartition',
    name: names.responseTopic,
    parents: answers,
    names: {
      topic: names.responseTopic,
      filter: names.responseSink,
      sink: names.responseSink,
      source: names.responseSource,
    },
    key: left.key,
    value: right.value,
    partitions: undefined,
    partitioner: options.partitioner === undefined ? toPrimary : keyOnly(options.partitioner),
    reason: 'join()',
    wire: ({ key, value }) => ({ key, value: asUnknown(responseSerde(value)) }),
  });
  return drawResult(left, response, join, options, names);
}

type Names = ReturnType<typeof namesOf>;

function drawRegistration(
  left: TableState,
  right: TableState,
  { foreignKey, left: isLeft }: ForeignKeyJoin,
  options: JoinOptions,
  names: Names,
): RepartitionPlan {
  const { plan } = left;
  const registration: OperatorPlan = plan.add({
    kind: 'operator',
    name: names.registration,
    parents: [left.node],
    keyChanging: true,
    valueChanging: true,
    oldValuesOf: [right.node, left.node],
    serdes: { key: right.key, value: left.value },
    operator: (decision) => {
      const { key, value } = serdesOf(decision);
      const { versioned } = decision;
      return (context) =>
        new SubscribeProcessor(context, {
          extractor: foreignKey,
          foreignKey: key,
          value,
          left: isLeft,
          versioned,
        });
    },
  });
  const { otherPartitioner } = options;
  return plan.add({
    kind: 'repartition',
    name: names.registrationTopic,
    parents: [registration],
    names: {
      topic: names.registrationTopic,
      filter: names.registrationSink,
      sink: names.registrationSink,
      source: names.registrationSource,
    },
    key: right.key,
    value: left.key,
    partitions: undefined,
    partitioner: otherPartitioner === undefined ? undefined : keyOnly(otherPartitioner),
    reason: 'join()',
    wire: ({ key, value }) => ({ key, value: asUnknown(subscriptionSerde(value)) }),
  });
}

/** The nodes that send responses. */
function drawAnswers(
  left: TableState,
  right: TableState,
  registered: RepartitionPlan,
  names: Names,
): PlanNode[] {
  const { plan } = left;
  const serdes = { key: right.key, value: left.key };
  const keep = plan.add({
    kind: 'operator',
    name: names.receive,
    parents: [registered],
    keyChanging: false,
    valueChanging: false,
    serdes,
    stores: [
      {
        name: names.store,
        ...serdes,
        build: ({ value }: ResolvedSerdes) =>
          Stores.timestampedKeyValue({
            name: names.store,
            key: Serdes.bytes(),
            value: subscriptionSerde(value),
          }),
      },
    ],
    copartitioned: [...right.sources, registered],
    operator: (decision) => {
      const keys = keysOf(decision);
      return (context) => new KeepSubscription(context, names.store, keys);
    },
  });
  const answer = plan.add({
    kind: 'operator',
    name: names.answer,
    parents: [keep],
    keyChanging: true,
    valueChanging: true,
    lookups: [right.node],
    operator: ({ lookups: [rows] }) => {
      assert(rows !== undefined, 'subscriptions are answered from one table');
      return (context) => new AnswerSubscription(context, rows.make(context));
    },
  });
  const answerAll = plan.add({
    kind: 'operator',
    name: names.answerAll,
    parents: [right.node],
    keyChanging: true,
    valueChanging: true,
    serdes,
    uses: [names.store],
    operator: (decision) => {
      const keys = keysOf(decision);
      const { versioned } = decision;
      return (context) => new AnswerSubscribers(context, names.store, keys, versioned);
    },
  });
  return [answer, answerAll];
}

function drawResult(
  left: TableState,
  response: RepartitionPlan,
  { joiner, left: isLeft }: ForeignKeyJoin,
  options: JoinOptions,
  names: Names,
): TableState {
  const { plan } = left;
  const sources = new Set([...left.sources, response]);
  const resolver = plan.add({
    kind: 'operator',
    name: names.resolver,
    parents: [response],
    keyChanging: false,
    valueChanging: true,
    lookups: [left.node],
    serdes: { key: left.key, value: left.value },
    copartitioned: [...sources],
    operator: (decision) => {
      const [rows] = decision.lookups;
      assert(rows !== undefined, 'responses are resolved in one table');
      const { value } = serdesOf(decision);
      return (context) =>
        new ResolveResponse(context, { rows: rows.make(context), value, joiner, left: isLeft });
    },
  });
  const key = (options.key as SerdeSlot) ?? left.key;
  const value = options.value as SerdeSlot;
  const result: TablePlan = {
    kind: 'table',
    origin: 'source',
    name: names.result,
    parents: [resolver],
    store: tableStore(plan, OUTPUT, options, key, value),
    queryable: options.as !== undefined,
    operator: tableSource,
    readThrough: undefined,
    wantsOldValues: false,
  };
  return { plan, node: plan.add(result), key, value, sources };
}

/** A response goes where the row lives that asked; one of a program of before does not say where: by its key. */
const toPrimary: StreamPartitioner = (_topic, _key, value) =>
  (value as SubscriptionResponse<unknown>).primaryPartition;

/** What travels is no value of the user's. */
const keyOnly =
  (partitioner: StreamPartitioner<never, null>): StreamPartitioner =>
  (topic, key, _value, partitions) =>
    partitioner(topic, key as never, null, partitions);

function serdesOf({ serdes }: Decision): ResolvedSerdes {
  assert(serdes !== undefined, 'the plan of the node asks for serdes');
  return serdes;
}

function keysOf(decision: Decision): CombinedKeys<unknown, unknown> {
  const { key, value } = serdesOf(decision);
  return new CombinedKeys(key, value);
}

/** The plan knows no types. */
const asUnknown = <T>(serde: Serde<T>): Serde<unknown> => serde as Serde<unknown>;
