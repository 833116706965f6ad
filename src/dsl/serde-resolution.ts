/**
 * The serde of something that has to be encoded or decoded: what the user said there, what the stream had, or the
 * builder's default. None of them is an error of `build()`, never of the first record.
 */
import { StreamsError } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import type { Plan, SerdeSlot } from './plan.js';

export interface SerdeNeed {
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  /** Name of the node, for the error. */
  readonly operator: string;
  /** What the serde is for: `the topic out`, `the store counts`. */
  readonly purpose: string;
  /** The call that takes the missing option: `to()`. */
  readonly call: string;
  /** What that call names the serde of the value; default `value`. */
  readonly valueOption?: string | undefined;
}

export interface ResolvedSerdes {
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}

export function resolveSerdes(plan: Plan, need: SerdeNeed): ResolvedSerdes {
  return {
    key: need.key ?? plan.defaultKey ?? missing('key', need),
    value: need.value ?? plan.defaultValue ?? missing('value', need),
  };
}

function missing(part: 'key' | 'value', need: SerdeNeed): never {
  const { operator, purpose, call, valueOption = 'value' } = need;
  const option = part === 'key' ? 'key' : valueOption;
  throw new StreamsError(
    'MISSING_SERDE',
    `Operator ${operator} has no ${part} serde for ${purpose}: the ${part} was changed, or its serde was never given. ` +
      `Set the option \`${option}\` of ${call}, such as { ${option}: Serdes.string() }, or a default for all operators: new StreamsBuilder({ ${part}: Serdes.string() }).`,
    { node: operator },
  );
}
