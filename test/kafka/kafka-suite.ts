/** A `describe` that has Kafka's class path; without one its tests are skipped and the suite's name says why. */
import { describe, inject } from 'vitest';
import { Java } from './java.js';

export function kafkaSuite(name: string, suite: (java: Java) => void): void {
  const jars = inject('kafka');
  const missing = 'missing' in jars ? jars.missing : undefined;
  const title = missing === undefined ? name : `${name} (skipped: ${missing})`;
  const java = new Java('classPath' in jars ? jars.classPath : '');
  describe.skipIf(missing !== undefined)(title, () => suite(java));
}
