/** The suite of the log's ports over the memory log. */
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { memoryEngine } from '../../../src/log/engine/engine.js';
import { describeLogClient } from '../client-suite.js';

describeLogClient('memory log', async () => {
  const env = new SimulatedEnv();
  const client = memoryEngine({ env });
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
