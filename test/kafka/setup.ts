/** Resolves the jars once for all files, and says aloud when the tests are skipped for want of them. */
import type { TestProject } from 'vitest/node';
import { kafkaJars, type KafkaJars } from './jars.js';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly kafka: KafkaJars;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const jars = await kafkaJars();
  if ('missing' in jars)
    process.stdout.write(`skipped the tests that ask Kafka: ${jars.missing}\n`);
  project.provide('kafka', jars);
}
