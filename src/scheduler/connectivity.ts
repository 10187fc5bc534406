import type { Clock } from '../core/clock.ts';

/** A pause longer than this between two successes means that this process, or its way to the database, stood still. */
const MAX_PAUSE_MS = 5000;

/** How long this process has been in touch with the database without a break. */
export class Connectivity {
  readonly #clock: Clock;
  #since: number | undefined;
  #last = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  succeeded(): void {
    const now = this.#clock.elapsed();
    if (this.#since === undefined || now - this.#last > MAX_PAUSE_MS) this.#since = now;
    this.#last = now;
  }

  failed(): void {
    this.#since = undefined;
  }

  /** Milliseconds; 0 while it is not in touch. */
  get healthyMs(): number {
    const now = this.#clock.elapsed();
    return this.#since === undefined || now - this.#last > MAX_PAUSE_MS ? 0 : now - this.#since;
  }
}
