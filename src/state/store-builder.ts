/** What the builders of all kinds of stores have in common: the checks of their options, and the handle they are. */
import { durationMs, type Duration } from '../duration.js';
import { StreamsError } from '../errors.js';
import { checkOptions } from './checked-options.js';
import type { ChangelogKind, ManagedStore, StateStore, StoreBuilder } from './store.js';

/** Options that every store has. */
export interface BuilderOptions {
  readonly name: string;
  /** Hold updates back in the record cache. Default false, as in Kafka; the DSL's own stores have true. */
  readonly caching?: boolean;
  /** Default true. */
  readonly logging?: boolean;
  /** Topic configs of the changelog, with Kafka's dotted names. */
  readonly logConfig?: Readonly<{ [name: string]: string }>;
}

export interface BuiltStore<S> {
  readonly changelogKind: ChangelogKind;
  readonly retentionMs?: number;
  readonly logsAtCommit?: boolean;
  readonly canCache?: boolean;
  /** Makes the store, with or without a record cache. */
  make(caching: boolean): S;
}

/** Topic configs are milliseconds plus a day, and stay safe integers. */
const RETENTION_MS_MAX = Number.MAX_SAFE_INTEGER - 86_400_000;

/** Checks that the options are known, each of its kind, and that the needed ones are there. */
export function checkBuilderOptions(
  call: string,
  options: BuilderOptions,
  known: readonly string[],
  needed: readonly string[],
): void {
  checkOptions(options, known, call);
  for (const name of needed) {
    if (
      (options as unknown as { readonly [name: string]: unknown } | undefined)?.[name] !== undefined
    )
      continue;
    const example = needed.includes('retention') ? ", retention: '1h', ..." : '';
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${call}: ${name} is missing. A store needs a name and two serdes: { name: 'counts', key: Serdes.string(), value: Serdes.long()${example} }.`,
    );
  }
  if (options.name === '')
    throw new StreamsError('INVALID_ARGUMENT', 'name cannot be empty: every store has a name.');
}

/** A duration among the options. */
export function optionMs(call: string, name: string, value: Duration): number {
  return durationMs(value, `${call}: ${name}`);
}

export function builderOf<S extends StateStore & ManagedStore>(
  options: BuilderOptions,
  built: BuiltStore<S>,
): StoreBuilder<S> {
  const { changelogKind, retentionMs, logsAtCommit = false, canCache = true } = built;
  const loggingEnabled = options.logging ?? true;
  const cachingEnabled = canCache && (options.caching ?? false);
  return Object.freeze({
    name: options.name,
    loggingEnabled,
    cachingEnabled,
    logConfig: Object.freeze({ ...options.logConfig }),
    changelogKind,
    ...(retentionMs === undefined ? {} : { retentionMs: Math.min(retentionMs, RETENTION_MS_MAX) }),
    ...(logsAtCommit && loggingEnabled ? { logsAtCommit } : {}),
    build: () => built.make(cachingEnabled),
  });
}
