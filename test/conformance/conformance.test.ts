/** The cases of skeleton.txt, each a test: what the library can do today must go on matching Kafka Streams 4.3.1. */
import { describe, expect, test } from 'vitest';
import { readCases, readNames } from './case.js';
import { runCase } from './run-case.js';

const names = readNames(new URL('skeleton.txt', import.meta.url));
const cases = readCases(new URL('cases.ndjson.gz', import.meta.url)).filter((testCase) => names.has(testCase.name));

describe('conformance with Kafka Streams 4.3.1', () => {
  test('every listed case is in the case file', () => {
    expect(cases.length).toBe(names.size);
  });

  for (const testCase of cases) {
    test(testCase.name, async () => {
      const result = await runCase(testCase);
      expect(result.differences).toEqual([]);
    });
  }
});
