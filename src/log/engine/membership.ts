/**
 * A consumer's side of its group: follows what the group decides, gives partitions up and takes them, and tells the
 * listener. Everything happens inside the consumer's poll, so that a listener never runs beside the caller's loop.
 *
 * Eager: all partitions are given up before the member joins again. Cooperative: it joins with what it has, and only
 * what the group took away is given up; then it asks for one more rebalance, which gives that to another member.
 */
import type { RebalanceListener, TopicPartition } from '../client.js';
import type { Assignment } from './assignment.js';
import type { Broker } from './broker.js';
import { fencedInstance } from './group-errors.js';
import type { GroupMember } from './group-member.js';
import { partitionKey } from './subscription.js';

export class Membership {
  readonly member: GroupMember;
  listener: RebalanceListener | undefined;
  readonly #broker: Broker;
  readonly #assignment: Assignment;
  /** A callback about partitions that go is running; what closes the consumer in it does not call it again. */
  #givingUp = false;
  #stopped = false;

  constructor(broker: Broker, assignment: Assignment, member: GroupMember) {
    this.#broker = broker;
    this.#assignment = assignment;
    this.member = member;
  }

  /** Follows the group as far as it goes now. What a listener throws is thrown when the partitions have changed hands all the same. */
  async settle(): Promise<void> {
    const { member } = this;
    while (!this.#stopped && !this.#broker.closed) {
      /* oxlint-disable no-await-in-loop -- a step follows the other */
      if (member.state === 'fenced' || member.state === 'outside') {
        const held = this.#assignment.list();
        if (held.length > 0) await this.#lose(held);
        else if (member.unsubscribed && member.state === 'outside') return;
        else if (member.state === 'outside') this.#broker.groups.join(member);
        else throw fencedInstance(member.groupId, member.groupInstanceId ?? '');
      } else if (member.unsubscribed) await this.#leave();
      else if (member.state === 'rebalancing') await this.#joinAgain();
      else if (member.state === 'assigned') await this.#take();
      else return;
      /* oxlint-enable no-await-in-loop */
    }
  }

  /** The consumer closes: what it has is given up while it can still commit. */
  async giveUp(): Promise<void> {
    const held = this.#assignment.list();
    if (held.length === 0 || this.#givingUp) return;
    const { state } = this.member;
    if (state === 'outside' || state === 'fenced') await this.#lose(held);
    else {
      this.member.catchUp();
      await this.#revoke(held);
    }
  }

  /** Leaves the group; a static member only goes away. */
  stop(): void {
    this.#stopped = true;
    const { groups } = this.#broker;
    if (this.member.groupInstanceId === undefined) groups.leave(this.member);
    else groups.goAway(this.member);
  }

  async #leave(): Promise<void> {
    const held = this.#assignment.list();
    this.member.catchUp();
    try {
      if (held.length > 0) await this.#revoke(held);
    } finally {
      this.#keepAllBut(held);
      this.#broker.groups.leave(this.member);
    }
  }

  async #joinAgain(): Promise<void> {
    const { member } = this;
    const held = this.#assignment.list();
    const given = member.assignor.cooperative ? held.filter((at) => !this.#stays(at)) : held;
    try {
      if (given.length > 0) await this.#revoke(given);
    } finally {
      this.#keepAllBut(given);
      // The callback may have taken so long that the member was taken out.
      if (member.state === 'rebalancing' && !this.#stopped) {
        if (member.assignor.cooperative) member.owned = this.#assignment.list();
        this.#broker.groups.join(member);
      }
    }
  }

  async #take(): Promise<void> {
    const { member } = this;
    const held = this.#assignment.list();
    const assigned = member.take();
    const kept = held.filter((at) => this.#stays(at));
    const added = without(assigned, kept);
    const given = without(held, without(assigned, added));
    try {
      if (given.length > 0) await this.#revoke(given);
    } finally {
      this.#keepAllBut(given);
      if (given.length > 0) this.#broker.groups.rejoin(member);
      // Otherwise it was taken out meanwhile, and what is left is lost.
      if (!this.#stopped && member.state !== 'outside' && member.state !== 'fenced')
        await this.#added(added);
    }
  }

  /** Of a topic that was deleted meanwhile there is nothing to take; the next rebalance is under way. */
  async #added(partitions: readonly TopicPartition[]): Promise<void> {
    const { topics } = this.#broker;
    const existing = partitions.filter(
      ({ topic, partition }) => topics.find(topic)?.partitions[partition] !== undefined,
    );
    this.#assignment.set([...this.#assignment.list(), ...existing]);
    await this.#outsidePoll((listener) => listener.onPartitionsAssigned(existing));
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    this.#givingUp = true;
    try {
      await this.#outsidePoll((listener) => listener.onPartitionsRevoked(partitions));
    } finally {
      this.#givingUp = false;
    }
  }

  async #lose(partitions: readonly TopicPartition[]): Promise<void> {
    this.#givingUp = true;
    try {
      await this.#outsidePoll((listener) =>
        listener.onPartitionsLost === undefined
          ? listener.onPartitionsRevoked(partitions)
          : listener.onPartitionsLost(partitions),
      );
    } finally {
      this.#givingUp = false;
      this.#keepAllBut(partitions);
    }
  }

  /** It is still wanted, and still the topic that it was. */
  #stays(at: TopicPartition): boolean {
    return this.member.wants(at.topic) && !this.#assignment.of(at).partition.deleted;
  }

  #keepAllBut(partitions: readonly TopicPartition[]): void {
    if (partitions.length > 0) this.#assignment.remove(partitions);
  }

  /** A callback that never ends takes the member out of its group in time, as if it did not poll. */
  async #outsidePoll(
    callback: (listener: RebalanceListener) => void | Promise<void>,
  ): Promise<void> {
    const { listener } = this;
    if (listener === undefined) return;
    this.#broker.groups.pollEnds(this.member);
    try {
      await callback(listener);
    } finally {
      this.#broker.groups.pollBegins(this.member);
    }
  }
}

function without(
  partitions: readonly TopicPartition[],
  others: readonly TopicPartition[],
): TopicPartition[] {
  const keys = new Set(others.map(partitionKey));
  return partitions.filter((at) => !keys.has(partitionKey(at)));
}
