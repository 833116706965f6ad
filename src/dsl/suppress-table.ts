/** Draws `suppress`: a table that holds updates of another one back in a buffer. */
import { StreamsError } from '../errors.js';
import { suppressBuffer } from '../state/operator-store-builders.js';
import { suppress, suppressView } from './operators/suppress.js';
import { validateName } from './names.js';
import { closesAfterMs } from './plan-steps.js';
import type { TablePlan, TableState } from './plan.js';
import { Suppressed } from './suppressed.js';

const PREFIX = 'KTABLE-SUPPRESS-';

export function suppressTable(
  table: TableState,
  suppressed: Suppressed<never>,
  given: string | undefined,
): TableState {
  if (!(suppressed instanceof Suppressed))
    throw new StreamsError(
      'INVALID_ARGUMENT',
      "suppress(): give Suppressed.untilWindowCloses() or Suppressed.untilTimeLimit('5s').",
    );
  const { plan } = table;
  // A given name uses up no number, as in Kafka.
  const name = given === undefined ? plan.names.newNode(PREFIX) : validateName(given);
  const finalResults = suppressed.waitMs === undefined;
  const waitMs = suppressed.waitMs ?? closesAfterMs(table.node);
  const store = given === undefined ? plan.names.newStore(PREFIX) : `${name}-store`;
  const { maxRecords, maxBytes, onFull, logging } = suppressed;
  const node: TablePlan = {
    kind: 'table',
    origin: 'derived',
    name,
    parents: [table.node],
    store: undefined,
    queryable: false,
    operator: suppress({ store, waitMs, finalResults, maxRecords, maxBytes, onFull }),
    readThrough: {
      tables: [table.node],
      stores: [store],
      view: ([parent], context) => suppressView(store)(parent!, context),
    },
    wantsOldValues: false,
    // What downstream has seen of a key is its old value when it was held back first.
    oldValuesOf: [table.node],
    stores: [
      {
        name: store,
        key: table.key,
        value: table.value,
        build: (serdes) => suppressBuffer({ name: store, ...serdes, logging }),
      },
    ],
  };
  const { key, value, sources } = table;
  return { plan, node: plan.add(node), key, value, sources };
}
