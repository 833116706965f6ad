/** The tests that ask Kafka itself: its tools judge our files, its classes our bytes. They need `java` and `mvn`. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace$/, replacement: source('./src/index.ts') },
      { find: /^millrace\/(testing|avro)$/, replacement: source('./src/$1.ts') },
    ],
  },
  test: {
    pool: 'forks',
    include: ['test/kafka/**/*.test.ts'],
    globalSetup: ['test/kafka/setup.ts'],
    // A Java process starts in a second on a quiet machine, in many on a busy one.
    testTimeout: 150_000,
    hookTimeout: 150_000,
  },
});
