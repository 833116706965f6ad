/** The broker that other tests will use: it starts, serves Kafka's own console tool, and leaves nothing behind. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker, type Broker } from './broker.js';
import { kafkaSuite } from './kafka-suite.js';

kafkaSuite('a broker', (java) => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker(java);
  });
  afterAll(() => broker?.stop());

  const topics = async (...args: string[]): Promise<string> => {
    const command = ['--bootstrap-server', broker.bootstrap, ...args];
    const { output } = await java.run('org.apache.kafka.tools.TopicCommand', command);
    return output.toString();
  };

  it('makes a topic and lists it', async () => {
    await topics('--create', '--topic', 'orders', '--partitions', '3');
    expect((await topics('--list')).trim().split('\n')).toEqual(['orders']);
    expect(await topics('--describe', '--topic', 'orders')).toContain('PartitionCount: 3');
  });

  it('is gone when it was stopped', async () => {
    await broker.stop();
    expect(() => process.kill(broker.pid, 0)).toThrow('ESRCH');
    await expect(canConnect(broker.bootstrap)).resolves.toBe(false);
  });
});

function canConnect(bootstrap: string): Promise<boolean> {
  const [host = '', port = ''] = bootstrap.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
