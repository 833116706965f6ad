/**
 * A real Kafka broker for a test: one KRaft node, broker and controller in one, on free ports and in a directory of
 * its own. `stop` ends that process and removes the directory.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Java } from './java.js';

/** Any 16 bytes; fixed, because a random one may begin with '-' and look like an option. */
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const START_MS_MAX = 120_000;
const STOP_MS_MAX = 30_000;
const POLL_MS = 50;
const OUTPUT_CHARS_MAX = 20_000;

/** `ApiVersions` version 0 as Kafka frames it: int32 length, int16 key, int16 version, int32 correlation, string client. */
const API_VERSIONS = Buffer.from('0000000a' + '0012' + '0000' + '0000002a' + '0000', 'hex');

export interface Broker {
  /** `host:port` for clients. */
  readonly bootstrap: string;
  readonly pid: number;
  /** Ends the process and removes its directory. Idempotent. */
  stop(): Promise<void>;
}

/** Formats storage, starts the node, and resolves when it answers requests. `config` adds to `server.properties`. */
export async function startBroker(
  java: Java,
  config: Readonly<{ [name: string]: string }> = {},
): Promise<Broker> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-'));
  const [port, controllerPort] = await freePorts();
  const file = join(directory, 'server.properties');
  writeFileSync(file, properties({ ...node(directory, port, controllerPort), ...config }));
  try {
    await java.run('kafka.tools.StorageTool', ['format', '-t', CLUSTER_ID, '-c', file]);
    const child = java.start('kafka.Kafka', [file]);
    try {
      await answers(child, port);
    } catch (error) {
      await end(child);
      throw error;
    }
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await end(child);
      rmSync(directory, { recursive: true, force: true });
    };
    return {
      bootstrap: `127.0.0.1:${port}`,
      pid: child.pid ?? -1,
      stop: () => (stopped ??= stop()),
    };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function node(directory: string, port: number, controllerPort: number): { [name: string]: string } {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(directory, 'data'),
    // One node: everything internal has one replica. Nobody waits for members that might still come.
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
  };
}

function properties(values: Readonly<{ [name: string]: string }>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

async function freePorts(): Promise<[number, number]> {
  // Both are held until both are known, so that they differ.
  const servers = [createServer(), createServer()];
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  const [first = 0, second = 0] = servers.map(portOf);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [first, second];
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}

/** Resolves when the broker answers; rejects with what it wrote when it ends before, or takes too long. */
async function answers(child: ChildProcess, port: number): Promise<void> {
  let output = '';
  const collect = (bytes: Buffer): void => {
    output = (output + bytes.toString()).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  let failure: unknown;
  child.on('error', (error) => (failure = error));
  const deadline = performance.now() + START_MS_MAX;
  while (!(await apiVersions(port))) {
    if (failure !== undefined) throw new Error('the broker cannot be started', { cause: failure });
    if (hasEnded(child))
      throw new Error(`the broker ended with ${child.exitCode ?? child.signalCode}:\n${output}`);
    if (performance.now() > deadline)
      throw new Error(`the broker did not answer within ${START_MS_MAX} ms:\n${output}`);
    await delay(POLL_MS);
  }
}

/** Asks for the API versions over a plain socket; true when the answer is one without an error. */
function apiVersions(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(API_VERSIONS));
    let answer = Buffer.alloc(0);
    const finish = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(5000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      // int32 length, int32 correlation, int16 error code
      if (answer.length >= 10) finish(answer.readInt32BE(4) === 42 && answer.readInt16BE(8) === 0);
    });
  });
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = AbortSignal.timeout(STOP_MS_MAX);
  const kill = (): void => void child.kill('SIGKILL');
  patience.addEventListener('abort', kill);
  await ended;
  patience.removeEventListener('abort', kill);
}
