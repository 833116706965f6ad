/**
 * The promise of parking: whatever user functions return promises, and in whatever order these settle, a task sends
 * the same records in the same order as if everything were synchronous. Random graphs (diamonds, splits, several
 * sinks, stores) are run twice: once with plain functions, once with promises that a random schedule settles. Commits
 * are thrown in between; each must cover finished records only.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OperatorContext } from '../../src/processor/operator-context.js';
import type { Processor, ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';
import { TaskHarness, type Captured, type Input } from './task-harness.js';

const KINDS = ['map', 'double', 'sum', 'drop', 'toOne', 'fail'] as const;
type Kind = (typeof KINDS)[number];
/** How the node waits: not at all, as an operator does (`park`), or as an async `process`. */
const WAITS = ['sync', 'operator', 'async', 'asyncLate'] as const;
type WaitKind = (typeof WAITS)[number];

interface NodeSpec {
  readonly kind: Kind;
  readonly wait: WaitKind;
  /** Parents as numbers, taken modulo the nodes there are. */
  readonly parents: readonly number[];
  readonly sink: boolean;
}

/** Gives out promises and settles them in an order of its own. */
class Delays {
  readonly pending: (() => void)[] = [];

  next(): Promise<void> {
    return new Promise((resolve) => this.pending.push(resolve));
  }

  settle(pick: number): void {
    this.pending.splice(pick % this.pending.length, 1)[0]?.();
  }
}

type Text = Record<string, string>;

/** What the node does with a record, in steps; between steps an async node waits. */
function steps(
  kind: Kind,
  name: string,
  context: ProcessorContext<string, string>,
  children: readonly string[],
): ((record: Text) => void)[] {
  const forward = (record: Text, tag: string, child?: string) =>
    context.forward(record.withValue(`${record.value}${tag}`), child);
  switch (kind) {
    case 'map':
      return [(record) => forward(record, `.${name}`)];
    case 'double':
      return [(record) => forward(record, `.${name}a`), (record) => forward(record, `.${name}b`)];
    case 'sum': {
      const store = context.getStateStore(sumStore(name));
      return [
        (record) => {
          const sum = (store.get(record.key) ?? 0) + 1;
          store.put(record.key, sum);
          forward(record, `.${name}${sum}`);
        },
      ];
    }
    case 'drop':
      return [(record) => (record.value.length % 2 === 0 ? forward(record, '') : undefined)];
    case 'fail':
      return [
        (record) => forward(record, `.${name}`),
        (record) => {
          if (record.value.length % 3 === 0) throw new Error('boom');
        },
        (record) => forward(record, `.${name}`),
      ];
    case 'toOne':
      return [
        (record) =>
          children[0] === undefined ? undefined : forward(record, `.${name}`, children[0]),
      ];
  }
}

const sumStore = (name: string) =>
  Stores.keyValue({ name: `sum-${name}`, key: Serdes.string(), value: Serdes.long() });

function processorOf(
  work: readonly ((record: Text) => void)[],
  wait: WaitKind,
  context: OperatorContext,
  delays: Delays,
): Processor<string, string> {
  const all = (record: Text) => work.forEach((step) => step(record));
  switch (wait) {
    case 'sync':
      return { process: all };
    case 'operator':
      return { process: (record) => context.park(delays.next(), () => all(record)) };
    case 'async':
      return {
        async process(record) {
          for (const step of work) {
            await delays.next();
            step(record);
          }
        },
      };
    case 'asyncLate':
      return {
        async process(record) {
          for (const step of work) {
            step(record);
            await delays.next();
          }
        },
      };
  }
}

function topologyOf(specs: readonly NodeSpec[], async: boolean, delays: Delays): Topology {
  const parentsOf = (spec: NodeSpec, index: number) =>
    index === 0
      ? ['source']
      : [...new Set(spec.parents.map((parent) => parent % (index + 1)))].map((parent) =>
          parent === index ? 'source' : `n${parent}`,
        );
  const childrenOf = (name: string) =>
    specs.flatMap((spec, index) => (parentsOf(spec, index).includes(name) ? [`n${index}`] : []));
  const topology = new Topology().addSource('source', 'in', {
    key: Serdes.string(),
    value: Serdes.string(),
  });
  specs.forEach((spec, index) => {
    const name = `n${index}`;
    const supplier = (context: ProcessorContext<string, string>) =>
      processorOf(
        steps(spec.kind, name, context, childrenOf(name)),
        async ? spec.wait : 'sync',
        context as OperatorContext,
        delays,
      );
    const stores = spec.kind === 'sum' ? [sumStore(name)] : [];
    topology.addProcessor(name, supplier, parentsOf(spec, index), { stores });
  });
  const text = { key: Serdes.string(), value: Serdes.string() };
  specs.forEach((spec, index) => {
    if (spec.sink || index === specs.length - 1)
      topology.addSink(`out${index}`, `t${index}`, `n${index}`, text);
  });
  return topology;
}

const spec = fc.record({
  kind: fc.constantFrom(...KINDS),
  wait: fc.constantFrom(...WAITS),
  parents: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
  sink: fc.boolean(),
});
const inputs = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b'),
    value: fc.constantFrom('x', 'yy'),
    timestamp: fc.nat(20),
  }),
  { minLength: 1, maxLength: 6 },
);

const microtasks = async () => {
  for (let i = 0; i < 6; i++) await Promise.resolve();
};

/** Throws and rejections cut the subtree of their node, nothing else. */
const CONTINUE = { onProcessError: 'continue' } as const;

/** Runs to the end, settling promises and committing as the schedule says. */
async function runAsync(
  harness: TaskHarness,
  delays: Delays,
  schedule: () => number,
  onCommit: () => void,
): Promise<void> {
  for (;;) {
    harness.run();
    if (schedule() % 3 === 0) {
      harness.task.prepareCommit();
      if (!harness.task.blocksCommit) {
        onCommit();
        harness.task.postCommit();
      }
    }
    if (!harness.task.inFlight) return;
    if (delays.pending.length > 0) delays.settle(schedule());
    await microtasks();
  }
}

const seedOf = (env: string | undefined) => (env === undefined ? {} : { seed: Number(env) });
const shown = (records: readonly Captured[]) =>
  records.map(({ topic, key, value, timestamp }) => `${topic} ${key}=${value}@${timestamp}`);

describe('parking', () => {
  it('sends the same records in the same order as the synchronous run', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(spec, { minLength: 1, maxLength: 6 }),
        inputs,
        fc.infiniteStream(fc.nat(1000)),
        async (specs, records: Input[], schedule) => {
          const pick = () => schedule.next().value ?? 0;
          const plain = new TaskHarness(topologyOf(specs, false, new Delays()), CONTINUE);
          plain.add('in', ...records);
          plain.run();

          const delays = new Delays();
          const parked = new TaskHarness(topologyOf(specs, true, delays), CONTINUE);
          parked.add('in', ...records);
          const sentAtOffset = new Map<number, number>();
          await runAsync(parked, delays, pick, () => {
            for (const { offset } of parked.task.committableOffsets())
              sentAtOffset.set(offset, parked.output.length);
          });
          expect(shown(parked.output)).toEqual(shown(plain.output));
          expect(parked.task.metrics.droppedRecords).toBe(plain.task.metrics.droppedRecords);

          // What a commit at an offset covered is what a synchronous task has sent when it gets there.
          for (const [offset, sent] of sentAtOffset) {
            const upTo = new TaskHarness(topologyOf(specs, false, new Delays()), CONTINUE);
            upTo.add('in', ...records);
            while (upTo.task.metrics.processedRecords < offset && upTo.task.process());
            expect(upTo.output.length).toBe(sent);
          }
        },
      ),
      { numRuns: 300, ...seedOf(process.env['FC_SEED']) },
    );
  });

  it('an abort at any moment, also while promises of before it are pending, ends in the same output', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(spec, { minLength: 1, maxLength: 5 }),
        inputs,
        fc.infiniteStream(fc.nat(1000)),
        async (specs, records: Input[], schedule) => {
          const pick = () => schedule.next().value ?? 0;
          const plain = new TaskHarness(topologyOf(specs, false, new Delays()), CONTINUE);
          plain.add('in', ...records);
          plain.run();

          const delays = new Delays();
          const aborting = new TaskHarness(topologyOf(specs, true, delays), CONTINUE);
          const { task, output } = aborting;
          aborting.add('in', ...records);
          let offset = 0;
          let sent = 0;
          for (let aborts = 3; ;) {
            const worked = task.process();
            const dice = pick() % 8;
            if (dice < 2) {
              task.prepareCommit();
              if (!task.blocksCommit) {
                offset = task.committableOffsets()[0]?.offset ?? offset;
                sent = output.length;
                task.postCommit();
              }
            } else if (dice === 2 && aborts-- > 0) {
              task.rollback();
              output.length = sent;
              aborting.rewind('in', offset);
              aborting.add('in', ...records.slice(offset));
              continue;
            }
            if (delays.pending.length > 0) delays.settle(pick());
            await microtasks();
            if (!worked && !task.inFlight) break;
          }
          expect(shown(output)).toEqual(shown(plain.output));
        },
      ),
      { numRuns: 300, ...seedOf(process.env['FC_SEED']) },
    );
  });
});
