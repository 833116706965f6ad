/** The door `millrace/testing`: the test driver and what its calls return. */
export { TopologyTestDriver } from './runtime/test-driver.js';
export type { TopologyTestDriverOptions } from './runtime/test-driver.js';
export type { DroppedRecord, DropReason } from './processor/dropped-record.js';
export type { ExpectedRecord } from './runtime/test-expectation.js';
export type { DeadLetterRecord } from './runtime/test-dead-letters.js';
export type {
  InputTopicOptions,
  OutputTopicOptions,
  ProducedRecord,
  TestInput,
  TestInputTopic,
  TestOutputTopic,
  TestRecord,
} from './runtime/test-topics.js';
