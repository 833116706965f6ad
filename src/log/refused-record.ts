/**
 * What is said about a call of a producer that TypeScript would have refused: no topic, no array, a misspelled
 * property. Only reached on the way to an error, so that a send that is right pays for none of it.
 */
import { StreamsError } from '../errors.js';
import { nearestName } from '../nearest-name.js';

const PROPERTIES: ReadonlySet<string> = new Set([
  'topic',
  'key',
  'value',
  'partition',
  'timestamp',
  'headers',
]);

/** `send` was given something without a topic. */
export function noTopic(record: unknown): StreamsError {
  const said = typeof record === 'object' && record !== null ? misspelled(record, 'topic') : '';
  return new StreamsError(
    'INVALID_ARGUMENT',
    `send: the record has no topic.${said} Give one record with its topic: producer.send({ topic: 'order', key, value }).`,
  );
}

/** `sendBatch` was given something else than a topic and an array. */
export function noBatch(): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    "sendBatch: give the name of the topic, then an array of records: producer.sendBatch('order', [{ key, value }]).",
  );
}

/** The record is none, or its value is undefined: only null is a tombstone. */
export function noValue(record: unknown, topic: string): StreamsError {
  if (typeof record !== 'object' || record === null) {
    return new StreamsError(
      'INVALID_ARGUMENT',
      `A record for topic '${topic}' is ${record === undefined ? 'undefined' : JSON.stringify(record)}. Give an object: { key, value }.`,
      { topic },
    );
  }
  if ('messages' in record)
    return new StreamsError(
      'INVALID_ARGUMENT',
      `send: 'messages' are kafkajs' way to send several records. Here it is producer.sendBatch('${topic}', [{ key, value }]), and producer.send({ topic: '${topic}', key, value }) for one.`,
      { topic },
    );
  const said = misspelled(record, 'value') || ' Did a function forget to return?';
  return new StreamsError(
    'INVALID_ARGUMENT',
    `The value of a record for topic '${topic}' is undefined.${said} To delete the key (a tombstone), send value: null.`,
    { topic },
  );
}

/** ` There is a property 'val'. Did you mean 'value'?`, for the property that is nearest to the one that is missing. */
function misspelled(record: object, wanted: string): string {
  const unknown = Object.keys(record).filter((name) => !PROPERTIES.has(name));
  const nearest = nearestName(wanted, unknown) ?? unknown[0];
  if (nearest === undefined) return '';
  return ` There is a property '${nearest}', which no record has. Did you mean '${wanted}'?`;
}
