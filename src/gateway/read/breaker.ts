import type { Clock } from '../../core/clock.ts';

const FAILURES = 3;
const REST_MS = 1000;

/** Leaves something alone for a second after three failures in a row, so that not every request waits for the next. */
export class Breaker {
  readonly #clock: Clock;
  #failures = 0;
  #restUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when it may be tried. */
  get closed(): boolean {
    return this.#failures < FAILURES || this.#clock.elapsed() >= this.#restUntil;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
    this.#restUntil = this.#clock.elapsed() + REST_MS;
  }
}
