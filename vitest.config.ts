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
    isolate: false,
    pool: 'forks',
    include: ['test/**/*.test.ts'],
    exclude: ['test/kafka/**'],
  },
});
