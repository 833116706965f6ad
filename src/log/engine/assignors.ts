/**
 * How a group shares partitions out: Kafka's four assignors by name. Each is a pure function of the members, what
 * they hold, and the partition counts; the group calls it when all members have joined.
 */
import { StreamsError } from '../../errors.js';
import type { AssignorName } from '../client.js';
import { assignCooperatively } from './cooperative-sticky-assignor.js';
import { assignRanges } from './range-assignor.js';
import { assignRoundRobin } from './round-robin-assignor.js';
import { assignSticky } from './sticky-assignor.js';
import type { Assignment, Subscription } from './subscription.js';

export interface Assignor {
  readonly assign: (
    members: readonly Subscription[],
    partitionsOf: (topic: string) => number,
  ) => Assignment;
  /** Members keep what they hold through a rebalance and give up only what moves. */
  readonly cooperative: boolean;
}

const ASSIGNORS: Readonly<Record<AssignorName, Assignor>> = Object.freeze({
  range: { assign: assignRanges, cooperative: false },
  roundrobin: { assign: assignRoundRobin, cooperative: false },
  sticky: { assign: assignSticky, cooperative: false },
  'cooperative-sticky': { assign: assignCooperatively, cooperative: true },
});

/** Throws `INVALID_ARGUMENT` for a name that is none of the four. */
export function assignorNamed(name: AssignorName): Assignor {
  if (Object.hasOwn(ASSIGNORS, name)) return ASSIGNORS[name];
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `assignor is '${String(name)}', expected one of ${Object.keys(ASSIGNORS).join(', ')}.`,
  );
}
