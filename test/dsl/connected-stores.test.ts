/** Stores that a processor is handed under names of its own. */
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { FixedKeyProcessorContext, ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { KeyValueStore } from '../../src/state/key-value.js';
import { Stores } from '../../src/state/stores.js';
import { TopologyTestDriver } from '../../src/testing.js';

const text = { key: Serdes.string(), value: Serdes.string() };
const seen = Stores.keyValue({ name: 'seen-by-key', key: Serdes.string(), value: Serdes.long() });
type Seen = KeyValueStore<string, number>;

async function written(
  draw: (builder: StreamsBuilder<string, string>) => void,
  partitions?: number,
): Promise<unknown[]> {
  const builder = new StreamsBuilder(text);
  draw(builder);
  await using driver = new TopologyTestDriver(
    builder.build(),
    partitions === undefined ? {} : { partitions },
  );
  const input = driver.createInputTopic('in', text);
  await input.pipeAll([
    { key: 'k', value: 'a' },
    { key: 'k', value: 'b' },
  ]);
  expect(driver.store(seen).get('k')).toBe(2);
  return driver.createOutputTopic('out', { ...text, value: Serdes.long() }).readValues();
}

class Counting {
  readonly #context: FixedKeyProcessorContext<string, number>;
  readonly #counts: Seen;

  constructor(context: FixedKeyProcessorContext<string, number>, { counts }: { counts: Seen }) {
    this.#context = context;
    this.#counts = counts;
  }

  process(record: Record<string, string>): void {
    const count = (this.#counts.get(record.key) ?? 0) + 1;
    this.#counts.put(record.key, count);
    this.#context.forward(record.withValue(count));
  }
}

describe('stores by name', () => {
  test('reach a function as its second argument', async () => {
    const values = await written((builder) =>
      builder
        .stream('in')
        .process(
          (context: ProcessorContext<string, number>, { counts }) => ({
            process(record) {
              const count = (counts.get(record.key) ?? 0) + 1;
              counts.put(record.key, count);
              context.forward(record.withValue(count));
            },
          }),
          { stores: { counts: seen } },
        )
        .to('out', { value: Serdes.long() }),
    );
    expect(values).toEqual([1, 2]);
  });

  test.each([undefined, 2])(
    'reach a class as its second argument (partitions: %s)',
    async (partitions) => {
      const values = await written(
        (builder) =>
          builder
            .stream('in')
            .processValues(Counting, { stores: { counts: seen }, name: 'counting' })
            .to('out', { value: Serdes.long() }),
        partitions,
      );
      expect(values).toEqual([1, 2]);
    },
  );

  test('are in the description of the topology as any others', () => {
    const builder = new StreamsBuilder(text);
    builder.stream('in').process(() => ({ process() {} }), { stores: { counts: seen } });
    expect(String(builder.build().describe())).toContain('(stores: [seen-by-key])');
  });

  test('must be builders', () => {
    const stream = new StreamsBuilder(text).stream('in');
    const stores = { counts: 'seen' } as never;
    expect(() => stream.process(() => ({ process() {} }), { stores })).toThrow(
      'process(): the option stores must be a list of store builders and names of stores, but is an object.',
    );
  });
});

test('a store that is not connected is refused where it is asked for, with the way out', () => {
  const builder = new StreamsBuilder(text);
  builder.stream('in').process(
    (context) => {
      context.getStateStore(seen);
      return { process() {} };
    },
    { name: 'mine' },
  );
  expect(() => new TopologyTestDriver(builder.build())).toThrow(
    expect.objectContaining({
      where: expect.objectContaining({ node: 'mine' }),
      cause: expect.objectContaining({ code: 'STORE_NOT_CONNECTED' }),
    }),
  );
});
