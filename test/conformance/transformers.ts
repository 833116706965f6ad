/** The transformers of `transformValues` in the case format (5.2). */
import type { KeyValueStore } from '../../src/state/key-value.js';
import type { StateStore } from '../../src/state/store.js';
import type { TransformerContext } from '../../src/dsl/operators/transform-values.js';
import { valueMapper } from './functions.js';
import { isStamped } from './store-shell.js';
import { isNull, text } from './text.js';

export interface TransformerSpec {
  readonly type: string;
  readonly value?: string;
  readonly store?: string;
}

interface Transformer {
  transform(key: unknown, value: unknown): unknown;
}

/** A supplier of the transformer that `spec` describes. */
export function transformerOf(
  spec: TransformerSpec | undefined,
): (context: TransformerContext) => Transformer {
  switch (spec?.type) {
    case 'tag':
      return () => ({ transform: (key, value) => `${text(key)}:${text(value)}` });
    case 'upperOrNull': {
      const upper = valueMapper('upper');
      return () => ({ transform: (key, value) => (isNull(value) ? null : upper(key, value)) });
    }
    case 'nullIf': {
      const map = valueMapper(`nullIf:${spec.value ?? ''}`);
      return () => ({ transform: (key, value) => map(key, value) });
    }
    case 'lookup':
      return (context) => looking(context, spec.store ?? '');
    default:
      throw new Error(`there is no transformer ${String(spec?.type)}`);
  }
}

function looking(context: TransformerContext, name: string): Transformer {
  const store = context.getStateStore<StateStore>(name) as KeyValueStore<unknown, unknown>;
  return {
    transform(key, value) {
      const found = isNull(key) ? undefined : store.get(key);
      return `${text(value)}/${text(isStamped(found) ? found.value : found)}`;
    },
  };
}
