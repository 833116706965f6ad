/** Mistakes that the compiler finds: nothing here runs. */
import { expectTypeOf, test } from 'vitest';
import {
  JoinWindows,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
  Serdes,
  type Optimization,
} from '../../src/index.js';

/** Compiled, never called. */
function programs() {
  const text = { key: Serdes.string(), value: Serdes.string() };
  const builder = new StreamsBuilder(text);
  const stream = builder.stream('in', text);

  // @ts-expect-error a window has to say how long it waits for late records
  TimeWindows.of({ size: '1m' });
  // @ts-expect-error as above
  SlidingWindows.of({ difference: '1m' });
  // @ts-expect-error as above
  SessionWindows.of({ gap: '1m' });
  // @ts-expect-error as above
  JoinWindows.of({ within: '1m' });

  const table = builder.table('table', text);
  // @ts-expect-error the windows of a table without windows never close
  table.suppress(Suppressed.untilWindowCloses());
  table.suppress(Suppressed.untilTimeLimit('1s'));
  const windowed = stream
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: '1m', grace: 0 }))
    .count();
  windowed.suppress(Suppressed.untilWindowCloses());
  // @ts-expect-error what comes early is not final
  Suppressed.untilWindowCloses({ maxRecords: 1, onFull: 'emit' });

  // @ts-expect-error there is no optimisation of this name
  builder.build({ optimization: ['merge'] });
  // @ts-expect-error as above
  builder.build({ optimization: 'some' });
  builder.build({ optimization: 'merge.repartition.topics,single.store.self.join' });
  // @ts-expect-error the option is called optimization, as in Kafka
  builder.build({ optimisation: 'all' });
}

test('the compiler finds them', () => {
  expectTypeOf(programs).toBeFunction();
  expectTypeOf<Parameters<StreamsBuilder['build']>[0]>().toExtend<
    { readonly optimization?: Optimization | undefined } | undefined
  >();
});
