/**
 * Bytes a second that producers may append, by client id, as Kafka reckons them: the rate over ten whole windows of a
 * second and the one that has begun. Who is above his rate is told for how long to wait, so that the rate is met when
 * he is back; what he appends all the same counts too. Beyond the greatest delay an append is refused.
 *
 *     delay = bytes in the windows / rate - time that the windows span
 */
import type { Clock } from '../../env/env.js';
import { StreamsError } from '../../errors.js';

/** Kafka's quota.window.size.seconds and quota.window.num. */
const WINDOW_MS = 1000;
const WINDOWS = 11;
/** Beyond so many client ids, those that wrote nothing lately are forgotten. */
const CLIENTS_MAX = 1000;
/** The rate of clients that are not named. */
const EVERYBODY = '';

export interface QuotaSettings {
  readonly producerByteRates: ReadonlyMap<string, number>;
  readonly quotaDelayMsMax: number;
}

export class ProducerQuotas {
  readonly #settings: QuotaSettings;
  readonly #clock: Clock;
  readonly #quotas = new Map<string, ByteQuota>();

  constructor(settings: QuotaSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Shared by all producers of the client id; undefined when nothing limits it. */
  of(clientId: string): ByteQuota | undefined {
    const { producerByteRates, quotaDelayMsMax } = this.#settings;
    const rate = producerByteRates.get(clientId) ?? producerByteRates.get(EVERYBODY);
    if (rate === undefined || rate === Number.POSITIVE_INFINITY) return undefined;
    const known = this.#quotas.get(clientId);
    if (known !== undefined) return known;
    if (this.#quotas.size >= CLIENTS_MAX) this.#forgetIdle();
    const quota = new ByteQuota(clientId, rate, quotaDelayMsMax, this.#clock);
    this.#quotas.set(clientId, quota);
    return quota;
  }

  #forgetIdle(): void {
    for (const [clientId, quota] of this.#quotas) if (quota.idle) this.#quotas.delete(clientId);
  }
}

interface Window {
  readonly startMs: number;
  bytes: number;
}

export class ByteQuota {
  readonly #clientId: string;
  readonly #bytesPerSecond: number;
  readonly #delayMsMax: number;
  readonly #clock: Clock;
  /** Oldest first. */
  #windows: Window[] = [];
  #freeAt = 0;

  constructor(clientId: string, bytesPerSecond: number, delayMsMax: number, clock: Clock) {
    this.#clientId = clientId;
    this.#bytesPerSecond = bytesPerSecond;
    this.#delayMsMax = delayMsMax;
    this.#clock = clock;
  }

  /** How long to wait before the next append. Looks at the clock only after the rate was exceeded. */
  get throttleMs(): number {
    if (this.#freeAt === 0) return 0;
    const ms = this.#freeAt - this.#clock.monotonic();
    if (ms > 0) return Math.ceil(ms);
    this.#freeAt = 0;
    return 0;
  }

  /** Nothing was appended for as long as the windows reach back. */
  get idle(): boolean {
    this.#expire(this.#clock.monotonic());
    return this.#windows.length === 0;
  }

  /** Counts an append. Throws `QUOTA_EXCEEDED`, and then it must not be made. */
  take(bytes: number): void {
    const now = this.#clock.monotonic();
    this.#expire(now);
    const last = this.#windows.at(-1);
    let window = last;
    if (window === undefined || now - window.startMs >= WINDOW_MS)
      window = { startMs: now, bytes: 0 };
    const delayMs = this.#delayMs(now, bytes);
    if (delayMs > this.#delayMsMax) throw this.#exceeded(bytes, delayMs);
    window.bytes += bytes;
    if (window !== last) this.#windows.push(window);
    if (delayMs > 0) this.#freeAt = now + delayMs;
  }

  #expire(now: number): void {
    const from = now - WINDOWS * WINDOW_MS;
    const first = this.#windows.findIndex(({ startMs }) => startMs > from);
    if (first !== 0) this.#windows = first < 0 ? [] : this.#windows.slice(first);
  }

  #delayMs(now: number, more: number): number {
    let bytes = more;
    for (const window of this.#windows) bytes += window.bytes;
    const elapsedMs = now - (this.#windows[0]?.startMs ?? now);
    const missing = Math.max(0, WINDOWS - 1 - Math.floor(elapsedMs / WINDOW_MS));
    const spanMs = elapsedMs + missing * WINDOW_MS;
    return (bytes * 1000) / this.#bytesPerSecond - spanMs;
  }

  #exceeded(bytes: number, delayMs: number): StreamsError {
    return new StreamsError(
      'QUOTA_EXCEEDED',
      `After another ${bytes} bytes the producers of client id '${this.#clientId}' would have to wait for ${Math.ceil(delayMs)} ms to come back to their quota of ${this.#bytesPerSecond} bytes/s; at most ${this.#delayMsMax} ms are allowed. Nothing was appended: send less, or give the log a higher quotas.producerByteRate or quotas.maxDelay.`,
    );
  }
}
