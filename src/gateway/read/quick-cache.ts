import type { Cache, CacheEntry, CacheWrite } from '../../cache/cache.ts';
import { Breaker } from '../../core/breaker.ts';
import type { Clock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';

const DEADLINE_MS = 20;
/** A single value may be long, and only for that reason late. */
const FAILURES = 3;

/** The cache as a request may use it: whatever is wrong with it costs at most 20 ms, and soon nothing. */
export class QuickCache {
  readonly #cache: Cache;
  readonly #breaker: Breaker;

  constructor(cache: Cache, clock: Clock) {
    this.#cache = cache;
    this.#breaker = new Breaker({
      whom: 'the cache',
      deadlineMs: DEADLINE_MS,
      failures: FAILURES,
      clock,
      // The cache says itself what is wrong with it.
      logger: silentLogger,
    });
  }

  /** Never rejects. */
  get(key: string): Promise<CacheEntry | undefined> {
    return this.#breaker.ask(() => this.#cache.get(key));
  }

  /** Does not wait for the write: a copy that is missing is read from where it was made of. */
  set(key: string, entry: CacheWrite): void {
    void this.#breaker.ask(() => this.#cache.set(key, entry));
  }
}
