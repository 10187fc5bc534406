import type { Clock } from '../core/clock.ts';

/** A pause longer than this between two successes means that this process, or its way to the database, stood still. */
const MAX_PAUSE_MS = 5000;
/** A wall clock that was set by more may have made every lease look as if it had run out. */
const MAX_SET_MS = 5000;

/** How long this process has been in touch with the database without a break, by a wall clock that nobody has set. */
export class Connectivity {
  readonly #clock: Clock;
  #since: number | undefined;
  #last = Number.NEGATIVE_INFINITY;
  #lastWall = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  succeeded(): void {
    if (this.#broken()) this.#since = undefined;
    this.#last = this.#clock.elapsed();
    this.#lastWall = this.#clock.now();
    this.#since ??= this.#last;
  }

  failed(): void {
    this.#since = undefined;
  }

  /** Milliseconds; 0 while it is not in touch. */
  get healthyMs(): number {
    return this.#since === undefined || this.#broken() ? 0 : this.#clock.elapsed() - this.#since;
  }

  #broken(): boolean {
    const pauseMs = this.#clock.elapsed() - this.#last;
    const setMs = Math.abs(this.#clock.now() - this.#lastWall - pauseMs);
    return pauseMs > MAX_PAUSE_MS || setMs > MAX_SET_MS;
  }
}
