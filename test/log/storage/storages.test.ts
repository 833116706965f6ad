/** The storage suite over every storage there is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { systemEnv } from '../../../src/env/system-env.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { MemoryStorage } from '../../../src/log/engine/memory-storage.js';
import { NO_HOST, storageSuite, synced, type StorageHarness } from '../storage-suite.js';

storageSuite('MemoryStorage', () => {
  const storage = new MemoryStorage();
  storage.open(NO_HOST);
  return { storage, settle: async () => {}, end: () => storage.close() };
});

storageSuite('JournalStorage, simulated', () => {
  const env = new SimulatedEnv();
  const storage = openJournalStorage({ directory: '/log', env, thread: 'inline' });
  storage.open(NO_HOST);
  return { storage, settle: () => env.settle(), end: () => env.run(storage.close()) };
});

function onDisk(durability: 'fsync' | 'os'): StorageHarness {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-storage-'));
  const storage = openJournalStorage({ directory, env: systemEnv(), durability });
  storage.open(NO_HOST);
  return {
    storage,
    settle: () => synced(storage).catch(() => {}),
    end: async () => {
      await storage.close();
      rmSync(directory, { recursive: true });
    },
  };
}

storageSuite('JournalStorage, on disk', () => onDisk('fsync'));
storageSuite('JournalStorage, on disk without fsync', () => onDisk('os'));
