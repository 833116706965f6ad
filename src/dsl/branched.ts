/** `split`: one stream becomes several, by name or in Java's style. */
import { requireFunction, requireOptions } from '../arguments.js';
import { StreamsError } from '../errors.js';
import { checkCall, NAMED } from './checks.js';
import type { KStream } from './kstream.js';
import { validateName } from './names.js';
import { branch, type Branch } from './operators/branch.js';
import type { Predicate } from './operators/filter.js';
import { passThrough } from './operators/pass-through.js';
import type { Named } from './options.js';
import type { OperatorPlan, StreamState } from './plan.js';

/** Predicates by branch name, tried in this order; `true` is the branch for everything that is left. */
export interface Branches<K, V> {
  readonly [name: string]: Predicate<K, V> | true;
}

/** The streams of `split({...})` under the names of their predicates; a type guard narrows its branch. */
export type NamedBranches<K, V, B> = {
  readonly [N in keyof B]: B[N] extends ((key: K, value: V) => value is infer V2 extends V)
    ? KStream<K, V2>
    : KStream<K, V>;
};

/** Java's style: `split().branch(predicate).branch(...)`, closed by `defaultBranch()` or `noDefaultBranch()`. */
export class BranchedKStream<K, V> {
  readonly #stream: StreamState;
  readonly #node: OperatorPlan;
  /** Without types: a stream of narrower values is one of wider values, too. */
  readonly #branches: Branch<never, never>[] = [];
  readonly #streams = new Map<string, KStream<K, V>>();

  /** @internal */
  constructor(stream: StreamState, name: string | undefined) {
    const { plan } = stream;
    this.#stream = stream;
    this.#node = plan.add({
      kind: 'operator',
      name: plan.names.node(name, 'KSTREAM-BRANCH-'),
      parents: [stream.node],
      operator: () => branch(this.#branches),
      keyChanging: false,
      valueChanging: false,
    });
  }

  /** Records for which the predicate is true and that no earlier branch took. */
  branch(predicate: Predicate<K, V>, options: Named = {}): this {
    checkCall('branch()', { predicate }, options, NAMED);
    this.#add(predicate, options.name ?? String(this.#branches.length + 1));
    return this;
  }

  /** Everything that is left. Returns the branches by name: name of the split + name (or number) of the branch. */
  defaultBranch(options: Named = {}): ReadonlyMap<string, KStream<K, V>> {
    checkCall('defaultBranch()', {}, options, NAMED);
    this.#add(undefined, options.name ?? '0');
    return this.#streams;
  }

  /** Drops what is left. */
  noDefaultBranch(): ReadonlyMap<string, KStream<K, V>> {
    return this.#streams;
  }

  #add(predicate: Predicate<K, V> | undefined, suffix: string): void {
    const { plan } = this.#stream;
    const name = validateName(this.#node.name + suffix);
    plan.names.newNode(name);
    const node = plan.add({
      kind: 'operator',
      name,
      parents: [this.#node],
      operator: () => passThrough,
      keyChanging: false,
      valueChanging: false,
    });
    this.#branches.push({ child: name, predicate });
    this.#streams.set(name, plan.newStream<K, V>({ ...this.#stream, node }));
  }
}

/** The record form of `split`. */
export function splitByName<K, V, B extends Branches<K, V>>(
  stream: StreamState,
  branches: B,
  name: string | undefined,
): NamedBranches<K, V, B> {
  const names = Object.keys(branches);
  for (const [index, branchName] of names.entries())
    checkBranch(branches, branchName, index === names.length - 1);
  const split = new BranchedKStream<K, V>(stream, name);
  let streams: ReadonlyMap<string, KStream<K, V>> = split.noDefaultBranch();
  for (const branchName of names) {
    const predicate = branches[branchName];
    if (typeof predicate === 'function') split.branch(predicate, { name: branchName });
    else streams = split.defaultBranch({ name: branchName });
  }
  const byName = [...streams.values()].map((branched, index) => [names[index], branched] as const);
  // One stream per name, in order: what the mapped type says.
  return Object.fromEntries(byName) as NamedBranches<K, V, B>;
}

function checkBranch<K, V>(branches: Branches<K, V>, name: string, last: boolean): void {
  if (branches[name] !== true)
    requireFunction(branches[name], `predicate of branch ${name}`, 'split()');
  if (/^(0|[1-9][0-9]*)$/.test(name)) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `split: the branch name '${name}' looks like an array index, and JavaScript would try it before the others. Use a name that begins with a letter.`,
    );
  }
  if (branches[name] === true && !last) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `split: '${name}: true' takes every record, so the branches after it would get none. Put it last.`,
    );
  }
}

/** Options, or branches by name? A branch may be called `name`: what it is decides. */
export const isNamed = (argument: object): argument is Named => {
  requireOptions(argument, Object.keys(argument ?? {}), 'split()');
  return Object.entries(argument).every(
    ([name, value]) => name === 'name' && (value === undefined || typeof value === 'string'),
  );
};
