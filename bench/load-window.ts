import { quantile } from './statistics.ts';

/** What a window of load saw. */
export interface LoadResult {
  /** Those that were under way at the end of the window among them. */
  readonly requests: number;
  /** Of those that ended within the window. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * A time in which requests are begun. What is under way at its end is waited for: it has a latency and has taken its time
 * on a core, but the rate is that of the window, without the tail in which ever fewer requests are under way.
 */
export class LoadWindow {
  readonly #ms: number;
  readonly #end: number;
  readonly #latencies: number[] = [];
  #within = 0;

  /** It begins now. */
  constructor(ms: number) {
    this.#ms = ms;
    this.#end = performance.now() + ms;
  }

  /** A request that was begun at `begunAt`, of `performance.now()`, has ended. Tells whether another may be begun. */
  ended(begunAt: number): boolean {
    const now = performance.now();
    this.#latencies.push(now - begunAt);
    const open = now < this.#end;
    if (open) this.#within += 1;
    return open;
  }

  result(): LoadResult {
    return {
      requests: this.#latencies.length,
      perSecond: (this.#within / this.#ms) * 1000,
      p50Ms: quantile(this.#latencies, 0.5),
      p99Ms: quantile(this.#latencies, 0.99),
    };
  }
}
