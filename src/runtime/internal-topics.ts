/**
 * Makes the topics of a plan: repartition topics and changelogs, which are ours and must have exactly the planned
 * partitions, and missing sink topics where the log is ours as well. Source topics are never created.
 */
import { StreamsError } from '../errors.js';
import type { LogAdmin, TopicDescription } from '../log/client.js';
import type { Subtopology } from '../processor/node-definition.js';
import {
  type PlannedTopic,
  type TopicNames,
  type TopicPlan,
  planTopics,
  resolvePatterns,
  sourceTopicNames,
} from './topic-plan.js';

export interface TopicSetup {
  readonly admin: LogAdmin;
  readonly names: TopicNames;
  readonly subtopologies: readonly Subtopology[];
  /** Create sink topics that do not exist. */
  readonly createSinks: boolean;
  /** Topics of error policies: created like sinks, with as many partitions as the largest sub-topology has tasks. */
  readonly deadLetterTopics: readonly string[];
}

/** Computes the plan from the topics that exist and brings the log in line with it. */
export async function setUpTopics(setup: TopicSetup): Promise<TopicPlan> {
  const { admin, names } = setup;
  const existing = await admin.listTopics();
  const subtopologies = resolvePatterns(setup.subtopologies, names, existing);
  refuseReadDeadLetters(setup);
  const plan = planTopics(
    subtopologies,
    names,
    await describe(admin, sourceTopicNames(subtopologies, names)),
    existing,
  );
  await createInternalTopics(admin, [...plan.repartitionTopics, ...plan.changelogs]);
  if (setup.createSinks) {
    const tasks = plan.subtopologies.reduce(
      (most, subtopology) => Math.max(most, subtopology.tasks),
      1,
    );
    const deadLetters = setup.deadLetterTopics.map((topic) => ({
      topic,
      partitions: tasks,
      config: {},
    }));
    const missing = [...plan.sinks, ...deadLetters].filter(
      ({ topic }) => !existing.includes(topic),
    );
    if (missing.length > 0) await admin.createTopics(missing, { ifNotExists: true });
  }
  return plan;
}

/** A record that fails would be read again, fail again, and grow each time. Also where a pattern will match the topic. */
function refuseReadDeadLetters({ deadLetterTopics, subtopologies, names }: TopicSetup): void {
  const read = sourceTopicNames(resolvePatterns(subtopologies, names, deadLetterTopics), names);
  const topic = deadLetterTopics.find((deadLetter) => read.includes(deadLetter));
  if (topic === undefined) return;
  throw new StreamsError(
    'INVALID_CONFIG',
    `errors: the dead letter topic '${topic}' is a source topic of this topology, so a record that fails would come back for ever. Give another topic, or read the dead letters with an application of their own.`,
    { topic },
  );
}

async function describe(
  admin: LogAdmin,
  topics: readonly string[],
): Promise<Map<string, TopicDescription>> {
  const descriptions = await admin.describeTopics(topics);
  return new Map(
    descriptions
      .filter((description) => description !== undefined)
      .map((description) => [description.topic, description]),
  );
}

async function createInternalTopics(
  admin: LogAdmin,
  topics: readonly PlannedTopic[],
): Promise<void> {
  const existing = await describe(
    admin,
    topics.map(({ topic }) => topic),
  );
  for (const { topic, partitions } of topics) {
    const actual = existing.get(topic)?.partitions;
    if (actual === undefined || actual === partitions) continue;
    throw new StreamsError(
      'INVALID_PARTITIONS',
      `Existing internal topic ${topic} has invalid partitions: expected: ${partitions}; actual: ${actual}. ` +
        'The partitions of a source topic were probably changed. Keep the old number, or delete the internal topics of the application and process its input again under a new application id.',
      { topic },
    );
  }
  const missing = topics.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0) await admin.createTopics(missing, { ifNotExists: true });
}
