/** What the parts of one task (stores, nodes, contexts) share: who they are, where output goes, whom to tell. */
import type { Clock } from '../env/env.js';
import type { RecordCollector } from './collector.js';
import type { TellDropped } from './dropped-record.js';
import type { Subtopology } from './node-definition.js';
import type { Parking } from './parking.js';
import type { PunctuationQueue } from './punctuation.js';
import type { TaskConfig } from './task-config.js';

export interface TaskServices {
  readonly taskId: string;
  readonly applicationId: string;
  readonly subtopologies: readonly Subtopology[];
  readonly clock: Clock;
  readonly config: TaskConfig;
  readonly collector: RecordCollector;
  readonly parking: Parking;
  readonly punctuations: PunctuationQueue;
  /** Stream times of operators, by node name. */
  readonly operatorTimes: Map<string, number>;
  streamTime(): number;
  requestCommit(): void;
  readonly recordDropped: TellDropped;
  inRecordScope(): boolean;
}
