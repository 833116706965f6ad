/**
 * A seeded source of randomness: the same seed draws the same numbers on every machine. Forks are independent
 * streams named by a label. Not for secrets.
 */
import type { Random } from './env.js';

export class SeededRandom implements Random {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /** splitmix32: a full period of 2^32, every bit of the result well mixed. */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  float(): number {
    return this.uint32() / 4_294_967_296;
  }

  /** Uniform in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.float() * bound);
  }

  uuid(): string {
    const word = () => this.uint32().toString(16).padStart(8, '0');
    const [a, b, c, d] = [word(), word(), word(), word()];
    const variant = ((Number.parseInt(c[0]!, 16) & 3) | 8).toString(16);
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${d}`;
  }

  fork(label: string): SeededRandom {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
    return new SeededRandom(hash);
  }
}
