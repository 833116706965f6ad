/** Runs whole applications over what is in a memory log, one after the other. */
import { KafkaStreams, StreamsBuilder } from 'millrace';
import type { KafkaStreamsOptions, Log } from 'millrace';
import { timed } from '../measure.js';

export type Build = (builder: StreamsBuilder, output: string) => void;

/** Runs the topology over what is in the log as a new application; then its topics are deleted. */
export class Bench {
  readonly #log: Log;
  /**
   * The last applications stay reachable: when the last object of a class dies, V8 throws away the code that was
   * compiled for its shape, and after a few such rounds calls stay slow. No service starts over every second.
   */
  readonly #kept: KafkaStreams[] = [];
  #runs = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  async run(build: Build, options: Partial<KafkaStreamsOptions> = {}): Promise<number> {
    const applicationId = `bench-${this.#runs++}`;
    const output = `${applicationId}-output`;
    const builder = new StreamsBuilder();
    build(builder, output);
    const topology = builder.build();
    const app = new KafkaStreams(topology, { ...options, applicationId, log: this.#log });
    this.#kept.push(app);
    if (this.#kept.length > 2) this.#kept.shift();
    const ms = await timed(() => app.run({ until: 'caughtUp' }));
    const admin = this.#log.admin();
    const topics = await admin.listTopics();
    await admin.deleteTopics(topics.filter((topic) => topic.startsWith(applicationId)));
    return ms;
  }
}
