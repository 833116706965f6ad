/** What the tests of the typed face do again and again. */
import type { Consumer, ConsumerRecord } from '../../src/log/consumer.js';
import { StreamsError } from '../../src/errors.js';
import { Serdes } from '../../src/serde/serdes.js';

export const text = { key: Serdes.string(), value: Serdes.string() };

export async function take<K, V>(
  consumer: Consumer<K, V>,
  count: number,
): Promise<ConsumerRecord<K, V>[]> {
  const records: ConsumerRecord<K, V>[] = [];
  if (count === 0) return records;
  for await (const record of consumer) if (records.push(record) === count) break;
  return records;
}

export async function failure(action: Promise<unknown>): Promise<StreamsError> {
  const error = await action.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof StreamsError) return error;
  throw error;
}
