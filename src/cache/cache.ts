import type { Reachability } from '../core/health.ts';

/** A copy of something the database knows. */
export interface CacheEntry {
  readonly version: number;
  readonly value: string;
}

export interface CacheWrite extends CacheEntry {
  /** How long the copy may be served, in milliseconds. */
  readonly ttlMs: number;
}

/**
 * Copies close at hand. Never the only place of anything: a miss, a failure and a deadline passed are all `undefined`. No
 * call rejects, and none takes longer than the cache's deadline.
 */
export interface Cache {
  get(key: string): Promise<CacheEntry | undefined>;
  /** A copy of an older version never overwrites a newer one. */
  set(key: string, entry: CacheWrite): Promise<void>;
  health(): Promise<Reachability>;
  close(): Promise<void>;
}
