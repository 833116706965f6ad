/** All commands. Help, completion and docs list them in this order. */
import type { CommandGroup } from './command.js';
import { completion } from './completion.js';
import { alterConfigs } from './configs/alter.js';
import { describeConfigs } from './configs/describe.js';
import { deleteGroups } from './groups/delete.js';
import { deleteGroupOffsets } from './groups/delete-offsets.js';
import { describeGroups } from './groups/describe.js';
import { listGroups } from './groups/list.js';
import { resetGroup } from './groups/reset.js';
import { checkLogDirectory } from './log/check.js';
import { dumpLogFile } from './log/dump.js';
import { logStatistics } from './log/stats.js';
import { consume } from './records/consume.js';
import { deleteRecords } from './records/delete-records.js';
import { offsets } from './records/offsets.js';
import { produce } from './records/produce.js';
import { topology } from './topology.js';
import { alterTopics } from './topics/alter.js';
import { createTopics } from './topics/create.js';
import { deleteTopics } from './topics/delete.js';
import { describeTopics } from './topics/describe.js';
import { listTopics } from './topics/list.js';
import { verifyConsume } from './verify/consume.js';
import { verifyProduce } from './verify/produce.js';

const single = (command: CommandGroup['commands'][number]): CommandGroup => ({
  word: command.words[0] ?? '',
  summary: command.summary,
  commands: [command],
});

const TABLE: readonly CommandGroup[] = [
  {
    word: 'topics',
    summary: 'make, list, describe, alter and delete topics',
    commands: [createTopics, listTopics, describeTopics, alterTopics, deleteTopics],
  },
  {
    word: 'configs',
    summary: 'describe and alter the configs of topics',
    commands: [describeConfigs, alterConfigs],
  },
  single(produce),
  single(consume),
  {
    word: 'groups',
    summary: 'list, describe, reset and delete consumer groups',
    commands: [listGroups, describeGroups, resetGroup, deleteGroups, deleteGroupOffsets],
  },
  single(offsets),
  single(deleteRecords),
  {
    word: 'verify',
    summary:
      "write and read numbers, and tell what was acknowledged, as Kafka's verifiable tools do",
    commands: [verifyProduce, verifyConsume],
  },
  {
    word: 'log',
    summary: 'look at the files of a log that no process has open',
    commands: [checkLogDirectory, dumpLogFile, logStatistics],
  },
  single(topology),
];

/** The completion knows every command, itself among them. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [...TABLE, single(completion(TABLE))];
