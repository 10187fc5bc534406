import type { Cache, CacheEntry, CacheWrite } from '../../cache/cache.ts';
import type { Clock } from '../../core/clock.ts';
import { Breaker } from './breaker.ts';
import { within } from '../../core/deadline.ts';

const DEADLINE_MS = 20;

/** The cache as a request may use it: whatever is wrong with it costs at most 20 ms, and soon nothing. */
export class QuickCache {
  readonly #cache: Cache;
  readonly #breaker: Breaker;

  constructor(cache: Cache, clock: Clock) {
    this.#cache = cache;
    this.#breaker = new Breaker(clock);
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    if (!this.#breaker.closed) return undefined;
    try {
      const entry = await within(DEADLINE_MS, this.#cache.get(key));
      this.#breaker.succeeded();
      return entry;
    } catch {
      this.#breaker.failed();
      return undefined;
    }
  }

  /** Does not wait for the write. */
  set(key: string, entry: CacheWrite): void {
    if (!this.#breaker.closed) return;
    this.#cache.set(key, entry).catch(() => {
      // A copy that is missing is read from where it was made of.
    });
  }
}
