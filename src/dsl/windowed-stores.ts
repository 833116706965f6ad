/** The stores of windowed tables, and the serdes of their keys. */
import { durationMs, type Duration } from '../duration.js';
import { StreamsError } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import { sessionWindowedSerde, timeWindowedSerde, type Windowed } from '../serde/windowed.js';
import type { SessionStore } from '../state/session.js';
import type { StateStore } from '../state/store.js';
import {
  aggregationSessionStore,
  aggregationWindowStore,
} from '../state/operator-store-builders.js';
import type { TimestampedWindowStore } from '../state/window.js';
import { validateName } from './names.js';
import type { ValueGetter } from './operators/value-getter.js';
import type { StoreOptions } from './options.js';
import type { Plan, SerdeSlot, TableStorePlan } from './plan.js';

/** What is known of a windowed store before its serdes are. */
export interface WindowedStoreParts {
  readonly prefix: string;
  readonly options: StoreOptions & { readonly retention?: Duration | undefined };
  /** Of the key inside the window. */
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  /** How long a window lives from its start, with its grace; retention must be at least that. */
  readonly lifeMs: number;
  /** Results come when windows close: nothing is cached, and rows stay until they were emitted. */
  readonly emitFinal: boolean;
}

/** `windowMs`: the length that keys read back from topics get. */
export function windowStorePlan(
  plan: Plan,
  parts: WindowedStoreParts,
  windowMs: number,
): TableStorePlan {
  const common = commonOf(plan, parts);
  return {
    ...common.plan,
    getter: (store) => windowGetter(store as TimestampedWindowStore<unknown, unknown>),
    build: (serdes) => aggregationWindowStore({ ...common.store, ...serdes, windowSize: windowMs }),
  };
}

export function sessionStorePlan(plan: Plan, parts: WindowedStoreParts): TableStorePlan {
  const common = commonOf(plan, parts);
  return {
    ...common.plan,
    getter: (store) => sessionGetter(store as SessionStore<unknown, unknown>),
    build: (serdes) => aggregationSessionStore({ ...common.store, ...serdes }),
  };
}

/** The serde of `{ key, window }`; undefined while that of the key is not known. */
export function timeWindowedKey(plan: Plan, inner: SerdeSlot, windowMs: number): SerdeSlot {
  const known = inner ?? plan.defaultKey;
  return known === undefined ? undefined : windowedSlot(timeWindowedSerde(known, windowMs));
}

export function sessionWindowedKey(plan: Plan, inner: SerdeSlot): SerdeSlot {
  const known = inner ?? plan.defaultKey;
  return known === undefined ? undefined : windowedSlot(sessionWindowedSerde(known));
}

/** The plan knows no types. */
const windowedSlot = (serde: Serde<Windowed<unknown>>): SerdeSlot => serde as Serde<unknown>;

function commonOf(plan: Plan, parts: WindowedStoreParts) {
  const { prefix, options, key, value, lifeMs, emitFinal } = parts;
  const name = options.as === undefined ? plan.names.newStore(prefix) : validateName(options.as);
  const { store, caching = true, logging = true } = options;
  return {
    plan: { name, key, value, versioned: false },
    store: {
      name,
      retention: retentionOf(name, options.retention, lifeMs),
      caching: caching && !emitFinal,
      logging,
      keepUntilReleased: emitFinal,
      ...(store === undefined ? {} : { store }),
    },
  };
}

function retentionOf(store: string, given: Duration | undefined, lifeMs: number): number {
  if (given === undefined) return lifeMs;
  const retentionMs = durationMs(given, 'retention');
  if (retentionMs >= lifeMs) return retentionMs;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `The retention period of the window store ${store} must be no smaller than its window size plus the grace period. Got retention=${retentionMs} ms, needed are ${lifeMs} ms.`,
    { store },
  );
}

function windowGetter(store: TimestampedWindowStore<unknown, unknown>): ValueGetter {
  return {
    get(key) {
      const { key: inner, window } = key as Windowed<unknown>;
      return store.fetch(inner, window.start);
    },
  };
}

function sessionGetter(store: SessionStore<unknown, unknown> & StateStore): ValueGetter {
  return {
    get(key) {
      const { key: inner, window } = key as Windowed<unknown>;
      const value = store.fetchSession(inner, window.start, window.end);
      return value === undefined ? undefined : { value, timestamp: window.end };
    },
  };
}
