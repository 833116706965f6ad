/**
 * The application as its user holds it: start, close, run, state, events, metrics, and reading of state. Owns the
 * state machine; what runs is the assembly (what it is made of) and the thread (the loop over it).
 */
import { requireOptions } from '../arguments.js';
import { type Duration, durationMs } from '../duration.js';
import { systemEnv } from '../env/system-env.js';
import { StreamsError, TopologyException } from '../errors.js';
import type { DroppedRecord } from '../processor/dropped-record.js';
import type { Subtopology } from '../processor/node-definition.js';
import type { Topology } from '../processor/topology.js';
import { AppState, type KafkaStreamsState } from './app-state.js';
import { type Assembly, assemble } from './assembly.js';
import type { CommitInfo } from './commit-schedule.js';
import { type KafkaStreamsOptions, type StreamsConfig, parseConfig } from './config.js';
import { EventSource } from './events.js';
import { toFailure } from './failure.js';
import { type ApplicationMetrics, MetricsCollector } from './metrics.js';
import { PatternWatch } from './pattern-watch.js';
import type { RestoreProgress } from './restore.js';
import {
  type StoreFace,
  type StoreHandle,
  type StoreKind,
  findStore,
  storeName,
} from './store-reader.js';
import { requireTopology } from './required-topology.js';
import { StreamThread } from './stream-thread.js';

const CLOSE_TIMEOUT: Duration = '30s';

export interface StateChange {
  readonly from: KafkaStreamsState;
  readonly to: KafkaStreamsState;
}

/** What `on` can listen to. */
export interface KafkaStreamsEvents {
  readonly stateChange: StateChange;
  /** Progress of filling a store from its changelog. */
  readonly restore: RestoreProgress;
  /** An error that no policy took, before `onUncaughtError` decides. */
  readonly error: StreamsError;
  readonly commit: CommitInfo;
  /** A record that a task left out, and why. */
  readonly dropped: DroppedRecord;
}

export interface CloseOptions {
  /** Default 30 s. What is not committed by then is processed again at the next start. */
  readonly timeout?: Duration;
}

export interface RunOptions {
  /** End when everything that was in the inputs at the start is processed and committed. */
  readonly until?: 'caughtUp';
  readonly signal?: AbortSignal;
}

/**
 * Runs a topology over a log.
 *
 * @example
 * const app = new KafkaStreams(builder.build(), { applicationId: 'word-count', log });
 * await app.run();
 */
export class KafkaStreams {
  readonly topology: Topology;
  readonly #config: StreamsConfig;
  readonly #subtopologies: readonly Subtopology[];
  readonly #events: EventSource<KafkaStreamsEvents>;
  readonly #state: AppState;
  readonly #metrics: MetricsCollector;
  #assembly: Assembly | undefined;
  #thread: StreamThread | undefined;
  /** Settles when the loop has ended and everything is closed. Never rejects: the error is kept beside it. */
  #ended: Promise<void> | undefined;
  #failure: StreamsError | undefined;
  #closing = false;
  /** Whoever called `run` is told of a failure by its promise. */
  #ran = false;
  #untilCaughtUp = false;
  /** Topics that a pattern matches were created: the loop ends so that it can begin again with them. */
  #newTopics = false;

  /** Throws `INVALID_CONFIG`, `INVALID_ARGUMENT` and, for a topology that cannot run, `TopologyException`. */
  constructor(topology: Topology, options: KafkaStreamsOptions) {
    requireTopology(topology, 'KafkaStreams');
    this.topology = topology;
    const config = parseConfig(options, systemEnv);
    const onDropped = (dropped: DroppedRecord): void => this.#events.emit('dropped', dropped);
    this.#config = Object.freeze({ ...config, task: Object.freeze({ ...config.task, onDropped }) });
    this.#subtopologies = topology.subtopologies();
    if (this.#subtopologies.length === 0) {
      throw new TopologyException(
        'Topology has no stream threads and no global threads, must subscribe to at least one source topic or global table.',
      );
    }
    const { logger } = this.#config;
    this.#events = new EventSource((error) =>
      logger.error(
        'An event listener threw',
        error instanceof Error ? error : new Error(String(error)),
      ),
    );
    this.#metrics = new MetricsCollector(this.#config.env.clock);
    this.#state = new AppState((to, from) => {
      logger.info(`${this.#config.applicationId}: ${from} -> ${to}`);
      this.#events.emit('stateChange', { from, to });
    });
  }

  get state(): KafkaStreamsState {
    return this.#state.current;
  }

  /** Returns the function that removes the listener. */
  on<Name extends keyof KafkaStreamsEvents>(
    event: Name,
    listener: (event: KafkaStreamsEvents[Name]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Resolves when RUNNING: topics checked and made, stores restored. Throws `MISSING_SOURCE_TOPIC`,
   * `INVALID_TOPIC`, `INVALID_CONFIG` (a dead letter topic that is read), `TopologyException`, `RESTORE_FAILED`, `INVALID_STATE` (an application starts once).
   */
  async start(): Promise<void> {
    if (!this.#state.is('CREATED')) {
      throw new StreamsError(
        'INVALID_STATE',
        `The application is ${this.state}: it is either already started or already stopped and cannot be started again. Make a new KafkaStreams.`,
      );
    }
    this.#state.moveTo('REBALANCING');
    let started!: () => void;
    let failed!: (error: unknown) => void;
    const running = new Promise<void>((resolve, reject) => {
      started = resolve;
      failed = reject;
    });
    this.#ended = this.#live(started).then(
      () =>
        failed(
          new StreamsError('INVALID_STATE', 'The application was closed before it was running.'),
        ),
      (error: unknown) => {
        this.#fail(toFailure(error, this.#config.applicationId));
        failed(this.#failure);
      },
    );
    await running;
  }

  /** From REBALANCING to the end. */
  async #live(started: () => void): Promise<void> {
    for (;;) {
      this.#assembly = await this.#assemble();
      this.#thread = this.#threadOver(this.#assembly);
      const watch = this.#watchPatterns(this.#assembly);
      try {
        const ended = this.#thread.run(this.#untilCaughtUp);
        if (this.#closing) this.#thread.stop(this.#config.env.clock.monotonic());
        else {
          this.#state.moveTo('RUNNING');
          started();
        }
        await ended;
      } finally {
        watch.close();
      }
      if (this.#closing || !this.#newTopics) break;
      this.#newTopics = false;
      this.#metrics.retired(this.#assembly);
      this.#assembly = undefined;
    }
    if (this.#state.is('RUNNING', 'REBALANCING')) this.#state.moveTo('PENDING_SHUTDOWN');
    this.#state.moveTo('NOT_RUNNING');
  }

  #assemble(): Promise<Assembly> {
    return assemble({
      config: this.#config,
      subtopologies: this.#subtopologies,
      wake: () => this.#thread?.wake(),
      stopping: () => this.#closing,
      onRestore: (progress) => this.#events.emit('restore', progress),
    });
  }

  /** New topics are read like those that were there at the start: after a commit everything is put together anew. */
  #watchPatterns({ plan, admin }: Assembly): PatternWatch {
    const config = this.#config;
    return new PatternWatch({
      subtopologies: this.#subtopologies,
      plan,
      admin,
      timers: config.env.timers,
      ownLog: config.client.features.readThrough,
      onNewTopics: (topics) => {
        if (!this.#state.is('RUNNING')) return false;
        config.logger.info(
          `${config.applicationId}: new topics match a pattern: ${topics.join(', ')}`,
        );
        this.#newTopics = true;
        this.#state.moveTo('REBALANCING');
        this.#thread?.stop(config.env.clock.monotonic() + config.parkTimeoutMs);
        return true;
      },
      onFailure: (error) =>
        config.logger.warn(
          'The topics could not be listed',
          error instanceof Error ? error : new Error(String(error)),
        ),
    });
  }

  #threadOver(assembly: Assembly): StreamThread {
    return new StreamThread({
      config: this.#config,
      assembly,
      onCommit: (info) => {
        this.#metrics.committed(info);
        this.#events.emit('commit', info);
      },
      onError: (failure) => {
        this.#metrics.failed();
        this.#failure = failure;
        this.#events.emit('error', failure);
      },
      onReplacing: () => {
        // A close or a change of topics that has begun goes on.
        if (this.#state.is('RUNNING')) this.#state.moveTo('REBALANCING');
      },
      onReplaced: () => {
        this.#failure = undefined;
        if (!this.#newTopics) this.#state.moveTo('RUNNING');
      },
    });
  }

  #fail(failure: StreamsError): void {
    const closedWhileStarting = this.#closing && failure.code === 'INVALID_STATE';
    if (closedWhileStarting) {
      this.#state.moveTo('NOT_RUNNING');
      this.#failure = failure;
      return;
    }
    if (this.#failure !== failure) this.#events.emit('error', failure);
    this.#failure = failure;
    const { logger, logsErrors, applicationId, env } = this.#config;
    logger.error(failure.message, failure);
    // An application that dies after start() resolved must not die in silence.
    const started = this.#thread !== undefined;
    if (started && !this.#ran && !logsErrors && !this.#events.has('error'))
      env.process.warn(`Application '${applicationId}' stopped: ${failure.message}`);
    this.#state.moveTo('PENDING_ERROR');
    this.#state.moveTo('ERROR');
  }

  /**
   * Ends the application: everything finished is committed, then tasks, producer and consumers are closed. A record
   * that waits for a promise of user code is not waited for: it is not committed and is processed again at the next
   * start. The log stays open. False when it did not end within the timeout (it still will).
   */
  async close(options: CloseOptions = {}): Promise<boolean> {
    requireOptions(options, ['timeout'], 'close');
    const timeoutMs = durationMs(options.timeout ?? CLOSE_TIMEOUT, 'timeout');
    const { clock, timers } = this.#config.env;
    this.#closing = true;
    if (this.#state.is('CREATED')) {
      this.#state.moveTo('PENDING_SHUTDOWN');
      this.#state.moveTo('NOT_RUNNING');
    }
    if (this.#state.is('RUNNING', 'REBALANCING')) this.#state.moveTo('PENDING_SHUTDOWN');
    this.#thread?.stop(clock.monotonic() + timeoutMs);
    if (this.#ended === undefined || this.#state.is('NOT_RUNNING', 'ERROR')) return true;
    return new Promise<boolean>((resolve) => {
      const timer = timers.after(timeoutMs, () => resolve(false));
      void this.#ended?.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  /**
   * Starts and resolves when the application has ended: by SIGINT or SIGTERM (closed gracefully; a second signal
   * exits at once), by `signal`, by `close`, or with `until: 'caughtUp'` by itself. Rejects with the fatal error.
   */
  async run(options: RunOptions = {}): Promise<void> {
    checkRunOptions(options);
    this.#untilCaughtUp = options.until === 'caughtUp';
    this.#ran = true;
    const { process } = this.#config.env;
    let signals = 0;
    // The exit code is the shell's: 128 and the number of the signal.
    const shutDown = (exitCode: number) => (): void => {
      if (++signals > 1) process.exit(exitCode);
      else void this.close();
    };
    const abort = (): void => void this.close();
    const removers = [
      process.onSignal('SIGINT', shutDown(130)),
      process.onSignal('SIGTERM', shutDown(143)),
    ];
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      if (options.signal?.aborted === true) return;
      await this.start();
      await this.#ended;
    } catch (error) {
      // Closed while starting is how a signal ends it, no failure.
      if (!this.#closing || !this.#state.is('NOT_RUNNING')) throw error;
    } finally {
      for (const remove of removers) remove();
      options.signal?.removeEventListener('abort', abort);
    }
    if (this.#state.is('ERROR'))
      throw this.#failure ?? new StreamsError('PROCESS_FAILED', 'The application failed.');
  }

  /**
   * Reads the state of this application: every task's part of the store as one. A table or a builder as handle gives
   * a typed store; what a table cannot say is told by `kind` (`'session'`, `'versioned'`). Reads see what is not
   * committed yet. Throws `INVALID_STATE` before the application has started and `UNKNOWN_STORE` naming the nearest.
   */
  store<H extends StoreHandle, Kind extends StoreKind = never>(
    handle: H,
    kind?: Kind,
  ): StoreFace<H, Kind> {
    const name = storeName(handle);
    if (
      this.#assembly === undefined ||
      !this.#state.is('RUNNING', 'REBALANCING', 'PENDING_SHUTDOWN')
    ) {
      throw new StreamsError(
        'INVALID_STATE',
        `The application is ${this.state}; store '${name}' can be read while it is RUNNING.`,
        { store: name },
      );
    }
    return findStore<H, Kind>(name, this.#assembly, this.#subtopologies, kind);
  }

  metrics(): ApplicationMetrics {
    return this.#metrics.read(this.state, this.#assembly);
  }

  /** Removes local state. Stores are in memory in this version, so there is nothing on disk; the rule is Kafka's already. Throws `INVALID_STATE` while running. */
  async cleanUp(): Promise<void> {
    if (!this.#state.is('CREATED', 'NOT_RUNNING', 'ERROR'))
      throw new StreamsError('INVALID_STATE', `Cannot clean up while running (${this.state}).`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function checkRunOptions(options: RunOptions): void {
  requireOptions(options, ['until', 'signal'], 'run');
  const { until, signal } = options as {
    readonly until?: unknown;
    readonly signal?: RunOptions['signal'];
  };
  if (until !== undefined && until !== 'caughtUp') {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `run: until is ${JSON.stringify(until)}. There is only 'caughtUp'; without it the application runs until it is closed.`,
    );
  }
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      'run: the signal is no AbortSignal. Give controller.signal.',
    );
  }
}
