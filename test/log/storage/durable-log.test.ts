/** The suite of the log's ports over the durable log, on a simulated disk. */
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { openEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { describeLogClient } from '../client-suite.js';

describeLogClient('durable log', async () => {
  const env = new SimulatedEnv();
  const storage = openJournalStorage({ directory: '/log', env, thread: 'inline' });
  const client = await env.run(openEngine({ storage, env, features: { durable: true } }));
  return {
    client,
    run: (promise) => env.run(promise),
    advance: async (ms) => {
      env.advance(ms);
      await env.settle();
    },
    close: () => env.run(client.close()),
  };
});
