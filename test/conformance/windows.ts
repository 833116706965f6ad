/** The windows of a case (3.4) and what its `suppress` holds back (3.3). No grace means none, as in Kafka's factories of that name. */
import { JoinWindows } from '../../src/dsl/join-windows.js';
import {
  SessionWindows,
  SlidingWindows,
  TimeWindows,
  UnlimitedWindows,
} from '../../src/dsl/windows.js';
import { Suppressed } from '../../src/dsl/suppressed.js';
import type { Operation } from './case.js';
import { objectField, optionalNumber, textField } from './fields.js';

interface WindowSpec {
  readonly kind: string;
  readonly size?: number;
  readonly advance?: number;
  readonly diff?: number;
  readonly gap?: number;
  readonly grace?: number;
  readonly start?: number;
}

export function windowsOf(
  operation: Operation,
): TimeWindows | SlidingWindows | SessionWindows | UnlimitedWindows {
  const spec = objectField<WindowSpec>(operation, 'window');
  const { grace = 0, size = 0, advance, diff = 0, gap = 0, start } = spec ?? {};
  switch (spec?.kind) {
    case 'tumbling':
      return TimeWindows.of({ size, grace });
    case 'hopping':
      return TimeWindows.of({ size, grace, ...(advance === undefined ? {} : { advance }) });
    case 'sliding':
      return SlidingWindows.of({ difference: diff, grace });
    case 'session':
      return SessionWindows.of({ gap, grace });
    case 'unlimited':
      return UnlimitedWindows.of(start === undefined ? {} : { startOn: start });
    default:
      throw new Error(`there are no windows of kind ${String(spec?.kind)}`);
  }
}

/** In a case they are always built from the larger of both differences, which nobody sees. */
export function joinWindowsOf(operation: Operation): JoinWindows {
  const [before = 0, after = 0, grace = 0] = ['before', 'after', 'grace'].map((field) =>
    optionalNumber(operation, field),
  );
  return JoinWindows.of({ before, after, grace });
}

interface BufferSpec {
  readonly maxRecords?: number;
  readonly maxBytes?: number;
  readonly full?: string;
  readonly logging?: boolean;
}

export function suppressedOf(operation: Operation): unknown {
  const spec = objectField<BufferSpec>(operation, 'buffer') ?? {};
  const { maxRecords, maxBytes, full, logging } = spec;
  const buffer = {
    ...(maxRecords === undefined ? {} : { maxRecords }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(full === 'shutDown' ? { onFull: 'shutDown' as const } : {}),
    ...(logging === undefined ? {} : { logging }),
  };
  return textField(operation, 'until') === 'windowCloses'
    ? Suppressed.untilWindowCloses(buffer)
    : Suppressed.untilTimeLimit(optionalNumber(operation, 'limit') ?? 0, buffer);
}
