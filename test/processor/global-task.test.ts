/** Global stores: filled from every partition of their topics, read by everybody, written by nobody else. */
import { describe, expect, it } from 'vitest';
import { deadLetter } from '../../src/processor/error-policy.js';
import { GlobalTask } from '../../src/processor/global-task.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { DEFAULT_TASK_CONFIG, type TaskConfig } from '../../src/processor/task-config.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { KeyValueStore } from '../../src/state/key-value.js';
import { Stores } from '../../src/state/stores.js';
import { fetched, ManualClock, TaskHarness } from './task-harness.js';

const text = { key: Serdes.string(), value: Serdes.string() };
const places = Stores.keyValue({
  name: 'places',
  key: Serdes.string(),
  value: Serdes.string(),
  logging: false,
});
type Text = Record<string, string>;

function topologyWith(
  process: (record: Text, store: KeyValueStore<string, string>) => unknown,
): Topology {
  return new Topology().addGlobalStore(
    places,
    'global-source',
    'address',
    'global-processor',
    (context: ProcessorContext) => {
      const store = context.getStateStore(places);
      return { process: (record: Text) => process(record, store) as void };
    },
    text,
  );
}

const putting = () => topologyWith((record, store) => store.put(record.key, record.value));

function globalTask(topology: Topology, config: Partial<TaskConfig> = {}): GlobalTask {
  return new GlobalTask({
    applicationId: 'app',
    subtopologies: topology.subtopologies().filter(({ global }) => global),
    clock: new ManualClock(),
    config: { ...DEFAULT_TASK_CONFIG, ...config },
  });
}

const address = (value: string, offset = 0, partition = 0) => ({
  ...fetched('address', offset, [{ key: 'han', value, timestamp: 1 }]),
  partition,
});

describe('a global task', () => {
  it('applies what is fetched, partition by partition', () => {
    const task = globalTask(putting());
    task.addRecords(address('Seoul'));
    task.addRecords(address('Busan', 0, 1));
    task.addRecords(address('Jeju', 1, 1));
    expect((task.stores.get('places') as unknown as KeyValueStore<string, string>).get('han')).toBe(
      'Jeju',
    );
    expect(task.metrics.processedRecords).toBe(3);
  });

  it('is read by ordinary tasks, which cannot write it', () => {
    const topology = putting()
      .addSource('source', 'in', text)
      .addProcessor(
        'p',
        (context: ProcessorContext<string, string>) => {
          const store = context.getStateStore<KeyValueStore<string, string>>('places');
          return {
            process(record: Text) {
              if (record.value === 'write') store.put('han', 'nowhere');
              context.forward(record.withValue(store.get('han') ?? 'unknown'));
            },
          };
        },
        'source',
      )
      .addSink('sink', 'out', 'p', text);
    const globals = globalTask(topology);
    const harness = new TaskHarness(topology, {}, globals.stores);
    harness.add('in', { key: 'k', value: 'read', timestamp: 1 });
    harness.run();
    globals.addRecords(address('Seoul'));
    harness.add(
      'in',
      { key: 'k', value: 'read', timestamp: 1 },
      { key: 'k', value: 'write', timestamp: 1 },
    );
    harness.task.process();
    expect(harness.values('out')).toEqual(['unknown', 'Seoul']);
    expect(() => harness.task.process()).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'READ_ONLY_STORE' }) }),
    );
  });

  it('reports a throw with its place, or counts it with continue', () => {
    const boom = () =>
      topologyWith(() => {
        throw new Error('boom');
      });
    expect(() => globalTask(boom()).addRecords(address('x', 5))).toThrow(
      expect.objectContaining({
        code: 'PROCESS_FAILED',
        where: {
          task: 'global',
          node: 'global-processor',
          topic: 'address',
          partition: 0,
          offset: 5,
        },
      }),
    );
    const task = globalTask(boom(), { onProcessError: deadLetter('dead') });
    task.addRecords(address('x'));
    expect(task.metrics.droppedRecords).toBe(1);
  });

  it('refuses processors that return promises', () => {
    expect(() =>
      globalTask(topologyWith(() => Promise.resolve())).addRecords(address('x')),
    ).toThrow(expect.objectContaining({ code: 'ASYNC_NOT_SUPPORTED' }));
  });
});
