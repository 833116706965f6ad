/**
 * The processors of the case format, as the Processor API sees them. Each is made per task by its supplier; the
 * same definitions serve `process`, `processValues`, `addProcessor` and global stores.
 */
import type {
  FixedKeyProcessorContext,
  Processor,
  ProcessorContext,
} from '../../src/processor/processor.js';
import { Record } from '../../src/processor/record.js';
import type { StateStore } from '../../src/state/store.js';
import type { KeyValueStore } from '../../src/state/key-value.js';
import type { VersionedKeyValueStore } from '../../src/state/versioned.js';
import type { ProcessorSpec, StoreSpec } from './case.js';
import { boom, keySelector } from './functions.js';
import { collect, isStamped, runCommand } from './store-shell.js';
import { first, isNull, numberOf, text } from './text.js';
import { UnsupportedOperation } from './unsupported.js';

/** Both kinds of context, as far as the cases use them. */
type Context = ProcessorContext | FixedKeyProcessorContext;
type AnyRecord = Record<unknown, unknown>;
type Store = KeyValueStore<unknown, unknown>;
type Maker = (spec: ProcessorSpec, context: ProcessorContext, stores: StoreKinds) => Processor;

/** The declared kind of a store, by name; the DSL's own stores are timestamped. */
export type StoreKinds = ReadonlyMap<string, StoreSpec['type']>;

export function processorSupplier(
  spec: ProcessorSpec,
  stores: StoreKinds,
): (context: Context) => Processor {
  const make = Object.hasOwn(MAKERS, spec.type) ? MAKERS[spec.type] : undefined;
  if (make === undefined) throw new UnsupportedOperation(`processor ${spec.type}`);
  // Only processors that keep the key are used with processValues, where forwarding takes fewer key types.
  return (context) => make(spec, context as ProcessorContext, stores);
}

const stateless =
  (process: (record: AnyRecord, spec: ProcessorSpec, context: ProcessorContext) => void): Maker =>
  (spec, context) => ({
    process: (record) => process(record, spec, context),
  });

const valueFrom = (change: (record: AnyRecord, context: ProcessorContext) => string): Maker =>
  stateless((record, _spec, context) => context.forward(record.withValue(change(record, context))));

const MAKERS: { readonly [type: string]: Maker } = {
  passthrough: stateless((record, _spec, context) => context.forward(record)),
  drop: stateless(() => undefined),
  dedupe,
  runningSum,
  putStore: (spec, context, kinds) =>
    storePutter(spec, context, kinds, (record) => context.forward(record)),
  globalPut: (spec, context, kinds) => storePutter(spec, context, kinds, () => undefined),
  lookup,
  headersToValue: valueFrom((record) => {
    const list = record.headers.map(
      (header) =>
        `${header.key}=${header.value === null ? 'null' : Buffer.from(header.value).toString('utf8')}`,
    );
    return `${text(record.value)}[${list.join(',')}]`;
  }),
  metaToValue: valueFrom((record, context) => `${text(record.value)}#${metadataText(context)}`),
  streamTimeToValue: valueFrom(
    (record, context) => `${text(record.value)}@${context.currentStreamTimeMs()}`,
  ),
  wallTimeToValue: valueFrom(
    (record, context) => `${text(record.value)}@${context.currentSystemTimeMs()}`,
  ),
  multi: stateless((record, spec, context) => {
    for (let i = 1; i <= (spec.n ?? 2); i++)
      context.forward(record.withValue(`${text(record.value)}#${i}`));
  }),
  shell,
  throwOn: stateless((record, spec, context) => {
    if (!isNull(record.value) && text(record.value) === spec.value) boom();
    context.forward(record);
  }),
  stamp: stateless((record, spec, context) =>
    context.forward(record.withHeaders([...record.headers, header(spec)])),
  ),
  stampInPlace: stateless((record, spec, context) => {
    record.headers.push(header(spec));
    context.forward(record);
  }),
  shiftTs: stateless((record, spec, context) =>
    context.forward(record.withTimestamp(record.timestamp + (spec.by ?? 0))),
  ),
  clearHeaders: stateless((record, _spec, context) =>
    context.forward({ key: record.key, value: record.value, timestamp: record.timestamp }),
  ),
  rekey: (spec, context) => {
    const select = keySelector(spec.selector ?? 'same');
    return {
      process: (record) => context.forward(record.withKey(select(record.key, record.value))),
    };
  },
  route: stateless((record, spec, context) => {
    const start = text(first(record.value));
    const child =
      spec.routes !== undefined && Object.hasOwn(spec.routes, start)
        ? spec.routes[start]
        : spec.default;
    if (child !== undefined) context.forward(record, child);
  }),
  streamFlush: (spec, context, kinds) => flusher(spec, context, kinds, 'streamTime'),
  wallFlush: (spec, context, kinds) => flusher(spec, context, kinds, 'wallClock'),
  streamTick: (spec, context) => ticker(spec, context, 'streamTime'),
  wallTick: (spec, context) => ticker(spec, context, 'wallClock'),
};

const header = (spec: ProcessorSpec) => ({
  key: spec.key ?? '',
  value: new Uint8Array(Buffer.from(spec.value ?? '', 'utf8')),
});

/** Java gives null and -1 where no input record is processed. */
function metadataText(context: ProcessorContext): string {
  const metadata = context.recordMetadata();
  if (metadata === undefined) return 'none';
  return `${metadata.topic === '' ? 'null' : metadata.topic}/${metadata.partition}/${metadata.offset}`;
}

function storeOf(spec: ProcessorSpec, context: ProcessorContext): Store {
  return context.getStateStore<StateStore & Store>(spec.store ?? '');
}

const plain = (stored: unknown): unknown => (isStamped(stored) ? stored.value : stored);

/** Puts a value; timestamped stores use the record's time. */
function putRecord(
  store: Store,
  kind: StoreSpec['type'] | undefined,
  record: AnyRecord,
  value: unknown,
): void {
  if (kind === 'versioned') {
    // The declared kind says which face the store has.
    const versioned = store as StateStore as VersionedKeyValueStore<unknown, unknown>;
    versioned.put(record.key, isNull(value) ? null : value, record.timestamp);
  } else if (isNull(value)) store.put(record.key, null);
  else store.put(record.key, kind === 'kv' ? value : { value, timestamp: record.timestamp });
}

function dedupe(spec: ProcessorSpec, context: ProcessorContext, kinds: StoreKinds): Processor {
  const store = storeOf(spec, context);
  const kind = kinds.get(spec.store ?? '');
  return {
    process(record) {
      if (isNull(record.key)) return context.forward(record);
      const stored = plain(store.get(record.key));
      if (isNull(record.value)) {
        if (!isNull(stored)) store.delete(record.key);
      } else if (!isNull(stored) && text(stored) === text(record.value)) return;
      else putRecord(store, kind, record, record.value);
      context.forward(record);
    },
  };
}

function runningSum(spec: ProcessorSpec, context: ProcessorContext, kinds: StoreKinds): Processor {
  const store = storeOf(spec, context);
  const kind = kinds.get(spec.store ?? '');
  return {
    process(record) {
      if (isNull(record.key)) return;
      const length = isNull(record.value) ? 0 : text(record.value).length;
      const sum = String(numberOf(plain(store.get(record.key))) + length);
      putRecord(store, kind, record, sum);
      context.forward(record.withValue(sum));
    },
  };
}

function storePutter(
  spec: ProcessorSpec,
  context: ProcessorContext,
  kinds: StoreKinds,
  then: (record: AnyRecord) => void,
): Processor {
  const store = storeOf(spec, context);
  const kind = kinds.get(spec.store ?? '');
  return {
    process(record) {
      if (!isNull(record.key)) putRecord(store, kind, record, record.value);
      then(record);
    },
  };
}

function lookup(spec: ProcessorSpec, context: ProcessorContext): Processor {
  const store = storeOf(spec, context);
  return {
    process(record) {
      const stored = isNull(record.key) ? null : plain(store.get(record.key));
      context.forward(record.withValue(`${text(record.value)}/${text(stored)}`));
    },
  };
}

function shell(spec: ProcessorSpec, context: ProcessorContext, kinds: StoreKinds): Processor {
  const store = storeOf(spec, context);
  const kind = kinds.get(spec.store ?? '') ?? 'timestampedKv';
  return {
    process(record) {
      if (isNull(record.value)) return context.forward(record);
      const result = runCommand(store, kind, text(record.value));
      if (typeof result === 'string') return context.forward(record.withValue(result));
      return result.then((value) => context.forward(record.withValue(value)));
    },
  };
}

function flusher(
  spec: ProcessorSpec,
  context: ProcessorContext,
  kinds: StoreKinds,
  type: 'streamTime' | 'wallClock',
): Processor {
  const store = storeOf(spec, context);
  const kind = kinds.get(spec.store ?? '');
  const flush = (entries: readonly [unknown, unknown][], timestamp: number): void => {
    for (const [key, value] of entries) {
      context.forward(new Record(key, plain(value), timestamp));
      store.delete(key);
    }
  };
  context.schedule(spec.interval ?? 1, type, (timestamp) => {
    const entries = collect(store.all());
    if (Array.isArray(entries)) return flush(entries, timestamp);
    return entries.then((list) => flush(list, timestamp));
  });
  return {
    process(record) {
      if (!isNull(record.key)) putRecord(store, kind, record, record.value);
    },
  };
}

function ticker(
  spec: ProcessorSpec,
  context: ProcessorContext,
  type: 'streamTime' | 'wallClock',
): Processor {
  let fired = 0;
  const schedule = context.schedule(spec.interval ?? 1, type, (timestamp) => {
    context.forward(new Record('tick', String(timestamp), timestamp));
    fired++;
    if (fired === spec.times) schedule.cancel();
  });
  return { process: (record) => context.forward(record) };
}
