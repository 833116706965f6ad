/**
 * Other ways to run a case, all of which must come to the same as Kafka's one-task driver. A variation leaves out the
 * cases that ask for what it cannot have; what remains passes, but for exceptions that are named here one by one.
 */
import type { ConformanceCase } from './case.js';
import type { RunOptions } from './observe.js';

export interface Variation {
  readonly name: string;
  readonly options: RunOptions;
  /** Cases in which one of these words occurs are left out. */
  readonly without: readonly (readonly string[])[];
  /** Names of cases that come to something else, and why that is right. */
  readonly exceptions: ReadonlyMap<string, string>;
  /** Further cases that are not for this variation. */
  readonly appliesTo?: (testCase: ConformanceCase) => boolean;
}

/** The wall clock of an application moves on while it works. */
const WALL_CLOCK = ['"wall'];
/** A start fires stream-time punctuators at once, as in Kafka. */
const STREAM_PUNCTUATION = ['"streamTick', '"streamFlush'];
/** What is not in a changelog is lost with the task, as in Kafka. */
const LOGGING_OFF = ['"logging":false'];
/** Each task has its own stream time, and its own offsets. */
const TASK_TIME = [
  '"windowedBy',
  '"suppress',
  '"ssJoin',
  '"ssLeftJoin',
  '"ssOuterJoin',
  '"grace',
  '"versioned',
  '"window"',
  '"session"',
  '"streamTimeToValue',
  '"partitionPlus',
  '"usePartitionTime',
  '"metaToValue',
];

const ONE_COMMIT = 'updates of one input share a commit there, so that the cache merges them';

const APPLICATION = new Map([
  ['stateless-101-1', 'two sub-topologies write one topic: there is no order between them'],
  ['papi-topology-101-13', 'stream time is that of a task, not of all of them'],
  [
    'trap018l-suppress-unlimited-never',
    'a log refuses timestamps that are days ahead of its clock',
  ],
  ['mixed-101-22', ONE_COMMIT],
  ['trap040c-cache-flush-order', ONE_COMMIT],
  ['cache-on-101-15', ONE_COMMIT],
  ['cache-on-101-21', ONE_COMMIT],
  ['cache-on-101-22', ONE_COMMIT],
  ['cache-on-101-23', ONE_COMMIT],
]);

const PARTITIONED = new Map([
  ...[...APPLICATION].filter(([name]) => name !== 'stateless-101-1'),
  [
    'processor-api-101-10',
    'keys are changed before process() without a repartition: a key has state in several partitions',
  ],
]);

const withoutCaching = ({ config }: ConformanceCase): boolean =>
  config['statestore.cache.max.bytes'] === undefined;

export const VARIATIONS: readonly Variation[] = [
  {
    name: 'one commit',
    options: { oneCommit: true },
    without: [],
    exceptions: new Map(),
    appliesTo: withoutCaching,
  },
  { name: 'asynchronous', options: { asynchronous: true }, without: [], exceptions: new Map() },
  {
    name: 'application',
    options: { partitions: 1 },
    without: [WALL_CLOCK],
    exceptions: APPLICATION,
  },
  {
    name: 'restart after every input',
    options: { partitions: 1, interruption: 'restart' },
    without: [WALL_CLOCK, STREAM_PUNCTUATION, LOGGING_OFF],
    exceptions: APPLICATION,
  },
  {
    name: 'crash after every input',
    options: { partitions: 1, interruption: 'crash' },
    without: [WALL_CLOCK, STREAM_PUNCTUATION, LOGGING_OFF],
    exceptions: APPLICATION,
  },
  {
    name: 'reassigned after every input',
    options: { partitions: 1, interruption: 'reassign' },
    without: [WALL_CLOCK, STREAM_PUNCTUATION, LOGGING_OFF],
    exceptions: APPLICATION,
  },
  {
    name: 'four partitions',
    options: { partitions: 4 },
    without: [WALL_CLOCK, STREAM_PUNCTUATION, TASK_TIME],
    exceptions: PARTITIONED,
  },
];

/** Whether the variation has something to say about a case. */
export function applies(
  { without, exceptions, options, appliesTo }: Variation,
  testCase: ConformanceCase,
): boolean {
  if (exceptions.has(testCase.name) || appliesTo?.(testCase) === false) return false;
  if (options.partitions !== undefined && !isForALog(testCase)) return false;
  const text = JSON.stringify([testCase.inputs, testCase.graph]);
  return without.every((words) => words.every((word) => !text.includes(word)));
}

/** An application starts with the first input; a topic function of a case may give what no log takes as a name. */
const isForALog = ({ inputs, expect }: ConformanceCase): boolean =>
  inputs.length > 0 &&
  (expect.steps ?? []).every((rows) => rows.every(([topic]) => /^[\w.-]+$/.test(topic)));
