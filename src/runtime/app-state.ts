/**
 * The states of an application, Kafka Streams' names and arrows:
 *
 *     CREATED ──> REBALANCING <──> RUNNING
 *        │            │               │
 *        ├────────────┴───────────────┤──> PENDING_SHUTDOWN ──> NOT_RUNNING
 *                     └───────────────┴──> PENDING_ERROR ─────> ERROR
 *
 * Only this file moves from one to another; a move that has no arrow is a mistake of ours.
 */
import { assert } from '../errors.js';

export type KafkaStreamsState =
  | 'CREATED'
  | 'REBALANCING'
  | 'RUNNING'
  | 'PENDING_SHUTDOWN'
  | 'NOT_RUNNING'
  | 'PENDING_ERROR'
  | 'ERROR';

const NEXT: { readonly [state in KafkaStreamsState]: readonly KafkaStreamsState[] } = {
  CREATED: ['REBALANCING', 'PENDING_SHUTDOWN'],
  REBALANCING: ['RUNNING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  RUNNING: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  PENDING_SHUTDOWN: ['NOT_RUNNING', 'PENDING_ERROR'],
  NOT_RUNNING: [],
  PENDING_ERROR: ['ERROR'],
  ERROR: [],
};

export class AppState {
  #current: KafkaStreamsState = 'CREATED';
  readonly #onChange: (to: KafkaStreamsState, from: KafkaStreamsState) => void;

  constructor(onChange: (to: KafkaStreamsState, from: KafkaStreamsState) => void) {
    this.#onChange = onChange;
  }

  get current(): KafkaStreamsState {
    return this.#current;
  }

  is(...states: readonly KafkaStreamsState[]): boolean {
    return states.includes(this.#current);
  }

  moveTo(state: KafkaStreamsState): void {
    const from = this.#current;
    assert(NEXT[from].includes(state), `the application cannot go from ${from} to ${state}`);
    this.#current = state;
    this.#onChange(state, from);
  }
}
