import type { Clock } from '../core/clock.ts';

/** A pause longer than this between two successes means that this process, or its way to the database, stood still. */
const MAX_PAUSE_MS = 5000;
/** A clock of the database that was set by more may have made every lease look as if it had run out. */
const MAX_SET_MS = 5000;

/** How long this process has been in touch with the database without a break, by a clock of the database that nobody
 * has set. */
export class Connectivity {
  readonly #clock: Pick<Clock, 'elapsed'>;
  #since: number | undefined;
  #last = Number.NEGATIVE_INFINITY;
  #lastTold = 0;

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** @param now the time that the database has told */
  succeeded(now: number): void {
    const setMs = Math.abs(now - this.databaseNow);
    if (this.#broken() || setMs > MAX_SET_MS) this.#since = undefined;
    this.#last = this.#clock.elapsed();
    this.#lastTold = now;
    this.#since ??= this.#last;
  }

  failed(): void {
    this.#since = undefined;
  }

  /** Milliseconds; 0 while it is not in touch. */
  get healthyMs(): number {
    return this.#since === undefined || this.#broken() ? 0 : this.#clock.elapsed() - this.#since;
  }

  /** The time by the clock of the database, as it has gone on since it was told last, whoever has set it meanwhile. */
  get databaseNow(): number {
    return Math.floor(this.#lastTold + this.#clock.elapsed() - this.#last);
  }

  #broken(): boolean {
    return this.#clock.elapsed() - this.#last > MAX_PAUSE_MS;
  }
}
