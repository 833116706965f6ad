/** What the compiler knows about joins of streams. */
import { expectTypeOf, test } from 'vitest';
import { JoinWindows } from '../../src/dsl/join-windows.js';
import type { KStream } from '../../src/dsl/kstream.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Serdes } from '../../src/serde/serdes.js';

const builder = new StreamsBuilder();
const clicks = builder.stream('clicks', { key: Serdes.string(), value: Serdes.long() });
const views = builder.stream('views', {
  key: Serdes.string(),
  value: Serdes.json<{ page: string }>(),
});
const byNumber = builder.stream('numbers', { key: Serdes.long(), value: Serdes.string() });
const prices = builder.table('prices', { key: Serdes.string(), value: Serdes.double() });
const windows = JoinWindows.of({ within: '5s', grace: 0 });

test('both sides, and who may be missing', () => {
  const inner = clicks.join(
    views,
    (click, view, key) => {
      expectTypeOf(click).toEqualTypeOf<number>();
      expectTypeOf(view).toEqualTypeOf<{ page: string }>();
      expectTypeOf(key).toEqualTypeOf<string>();
      return view.page;
    },
    { windows },
  );
  expectTypeOf(inner).toEqualTypeOf<KStream<string, string>>();
  const left = clicks.leftJoin(
    views,
    (click, view) => {
      expectTypeOf(click).toEqualTypeOf<number>();
      expectTypeOf(view).toEqualTypeOf<{ page: string } | undefined>();
      return click;
    },
    { windows },
  );
  expectTypeOf(left).toEqualTypeOf<KStream<string, number>>();
  const outer = clicks.outerJoin(
    views,
    (click, view) => {
      expectTypeOf(click).toEqualTypeOf<number | undefined>();
      expectTypeOf(view).toEqualTypeOf<{ page: string } | undefined>();
      return Promise.resolve(true);
    },
    { windows },
  );
  expectTypeOf(outer).toEqualTypeOf<KStream<string, boolean>>();
});

test('the other side decides the options', () => {
  clicks.join(views, () => 1, {
    windows,
    value: Serdes.long(),
    otherValue: Serdes.json<{ page: string }>(),
  });
  clicks.join(prices, (click, price) => click * price);
  // @ts-expect-error a join of two streams needs windows: an options object is missing
  void (() => clicks.join(views, () => 1));
  // @ts-expect-error windows is missing in it
  void (() => clicks.leftJoin(views, () => 1, {}));
  // @ts-expect-error windows is missing
  void (() => clicks.outerJoin(views, () => 1, { name: 'j' }));
  // @ts-expect-error a table has no windows
  void (() => clicks.join(prices, () => 1, { windows }));
  // @ts-expect-error grace of the windows must be said
  void (() => JoinWindows.of({ within: '5s' }));
  // @ts-expect-error within, or both before and after
  void (() => JoinWindows.of({ before: '5s', grace: 0 }));
  // @ts-expect-error the other side has other values
  void (() => clicks.join(views, () => 1, { windows, otherValue: Serdes.long() }));
});

test('keys must have one type, and the other side must be a stream for an outer join', () => {
  // @ts-expect-error keys are text on one side and numbers on the other
  void (() => clicks.join(byNumber, () => 1, { windows }));
  // @ts-expect-error as above
  void (() => clicks.leftJoin(byNumber, () => 1, { windows }));
  // @ts-expect-error as above
  void (() => clicks.outerJoin(byNumber, () => 1, { windows }));
  // @ts-expect-error a table
  void (() => clicks.outerJoin(prices, () => 1, { windows }));
});
