import type { Clock } from '../core/clock.ts';

/** A pause longer than this between two successes means that this process, or its way to the database, stood still. */
const MAX_PAUSE_MS = 5000;

/** Whether this process reaches the database, and since when without a break. */
export class Connectivity {
  readonly #clock: Clock;
  #since: number | undefined;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  succeeded(): void {
    const now = this.#clock.now();
    // A clock that was set back would make the time in touch look longer than it was.
    const broken = now - this.#last > MAX_PAUSE_MS || now < this.#last;
    if (this.#since === undefined || broken) this.#since = now;
    this.#last = now;
  }

  failed(): void {
    this.#since = undefined;
  }

  get healthySince(): number | undefined {
    return this.#clock.now() - this.#last > MAX_PAUSE_MS ? undefined : this.#since;
  }
}
