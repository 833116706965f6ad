/**
 * Random streams, windows and lateness against the naive model of `stream-join-model.ts`: the same rows in the same
 * order at the same steps. Also with joiners that return promises, and with an application that is restarted or
 * abandoned in the middle.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JoinWindows } from '../../src/dsl/join-windows.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { StreamJoinKind } from '../../src/dsl/stream-stream-join.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver } from '../../src/testing.js';
import {
  joined,
  StreamJoinModel,
  type Input,
  type ModelWindows,
  type Output,
} from './stream-join-model.js';

const text = { key: Serdes.string(), value: Serdes.string() };
const METHODS = { inner: 'join', left: 'leftJoin', outer: 'outerJoin' } as const;

const windowsOf = fc
  .record({
    before: fc.integer({ min: -4, max: 8 }),
    size: fc.integer({ min: 0, max: 12 }),
    grace: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ before, size, grace }): ModelWindows => ({ before, after: size - before, grace }));

/** Time goes on, mostly; some records come late, some are missing a part. */
const inputsOf = fc
  .array(
    fc.record({
      side: fc.constantFrom('left' as const, 'right' as const),
      key: fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c', null),
      valued: fc.constantFrom(true, true, true, true, true, true, false),
      step: fc.integer({ min: 0, max: 5 }),
      late: fc.constantFrom(0, 0, 0, 1, 3, 7, 20),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((rows) => {
    let time = 10;
    return rows.map(({ side, key, valued, step, late }, index): Input => {
      time += step;
      const value = valued ? `${side.slice(0, 1)}${index}` : null;
      return { side, key, value, timestamp: Math.max(0, time - late) };
    });
  });

const kindOf = fc.constantFrom<StreamJoinKind>('inner', 'left', 'outer');

type Wrap = (result: string) => string | Promise<string>;
const asIs: Wrap = (result) => result;

/** Every second result or so comes later, after a number of turns of its own. */
const sometimesLater: Wrap = (result) => {
  const number = [...result].reduce((sum, character) => sum + character.charCodeAt(0), 0);
  return number % 2 === 0 ? result : settled(number % 5, result);
};

async function settled(turns: number, result: string): Promise<string> {
  for (let turn = 0; turn < turns; turn++) await undefined;
  return result;
}

function topologyOf(kind: StreamJoinKind, windows: ModelWindows, wrap: Wrap) {
  const builder = new StreamsBuilder(text);
  const left = builder.stream('left');
  const method = METHODS[kind] as 'outerJoin';
  left[method](builder.stream('right'), (one, other) => wrap(joined(one, other)), {
    windows: JoinWindows.of(windows),
  }).to('out');
  return builder.build();
}

interface Run {
  readonly kind: StreamJoinKind;
  readonly windows: ModelWindows;
  readonly inputs: readonly Input[];
  readonly wrap: Wrap;
  /** After which record what happens; without it Kafka's driver of one task runs. */
  readonly middle?: { readonly after: number; readonly event: 'restart' | 'crash' };
}

async function run({ kind, windows, inputs, wrap, middle }: Run): Promise<Output[][]> {
  const options = middle === undefined ? {} : { partitions: 1 };
  await using driver = new TopologyTestDriver(topologyOf(kind, windows, wrap), options);
  const topics = {
    left: driver.createInputTopic('left', text),
    right: driver.createInputTopic('right', text),
  };
  const output = driver.createOutputTopic('out', text);
  const steps: Output[][] = [];
  for (const [index, { side, key, value, timestamp }] of inputs.entries()) {
    await topics[side].pipe({ key, value, timestamp });
    steps.push(output.readRecords().map((row): Output => [row.key, row.value!, row.timestamp]));
    if (middle !== undefined && index === middle.after % inputs.length)
      await driver[middle.event]();
  }
  return steps;
}

function modelled(kind: StreamJoinKind, windows: ModelWindows, inputs: readonly Input[]) {
  const model = new StreamJoinModel(kind, windows);
  return inputs.map((input) => model.process(input));
}

const seed = process.env['FC_SEED'];
const runs = (numRuns: number) => ({
  numRuns,
  ...(seed === undefined ? {} : { seed: Number(seed) }),
});

test('every row is where the model has it', async () => {
  const property = fc.asyncProperty(kindOf, windowsOf, inputsOf, async (kind, windows, inputs) => {
    expect(await run({ kind, windows, inputs, wrap: asIs })).toEqual(
      modelled(kind, windows, inputs),
    );
  });
  await fc.assert(property, runs(400));
});

test('joiners that answer later change neither rows nor order', async () => {
  const property = fc.asyncProperty(kindOf, windowsOf, inputsOf, async (kind, windows, inputs) => {
    expect(await run({ kind, windows, inputs, wrap: sometimesLater })).toEqual(
      modelled(kind, windows, inputs),
    );
  });
  await fc.assert(property, runs(150));
});

test('a restart or a crash in the middle changes nothing', async () => {
  const middleOf = fc.record({
    after: fc.nat(60),
    event: fc.constantFrom('restart' as const, 'crash' as const),
  });
  const property = fc.asyncProperty(
    kindOf,
    windowsOf,
    inputsOf,
    middleOf,
    fc.constantFrom(asIs, sometimesLater),
    async (kind, windows, inputs, middle, wrap) => {
      expect(await run({ kind, windows, inputs, wrap, middle })).toEqual(
        modelled(kind, windows, inputs),
      );
    },
  );
  await fc.assert(property, runs(60));
}, 60_000);
