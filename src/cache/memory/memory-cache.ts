import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import type { Cache, CacheEntry, CacheWrite } from '../cache.ts';

export interface MemoryCacheOptions {
  readonly clock: Clock;
  /** Memory that keys and values may take, in bytes; the least recently used go first. Default 64 MiB. */
  readonly maxBytes?: number;
}

interface Kept extends CacheEntry {
  readonly expiresAt: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** What an entry takes beside its text. */
const ENTRY_BYTES = 256;
/** A string takes at most two bytes a character in memory. */
const CHARACTER_BYTES = 2;

/** A cache within the process. Cannot fail; what does not fit is a miss. */
export function openMemoryCache({ clock, maxBytes = DEFAULT_MAX_BYTES }: MemoryCacheOptions): Cache {
  const kept = new LRUCache<string, Kept>({
    maxSize: maxBytes,
    sizeCalculation: (entry, key) => ENTRY_BYTES + CHARACTER_BYTES * (key.length + entry.value.length),
  });
  let open = true;

  const fresh = (key: string): Kept | undefined => {
    const entry = kept.get(key);
    if (!entry || entry.expiresAt > clock.elapsed()) return entry;
    kept.delete(key);
    return undefined;
  };

  return {
    async get(key: string): Promise<CacheEntry | undefined> {
      const entry = fresh(key);
      return entry && { version: entry.version, value: entry.value };
    },
    async set(key: string, { version, value, ttlMs }: CacheWrite): Promise<void> {
      const known = fresh(key);
      if (!open || (known && known.version > version)) return;
      kept.set(key, { version, value, expiresAt: clock.elapsed() + ttlMs });
    },
    health: async () => ({ ok: true }),
    async close(): Promise<void> {
      open = false;
      kept.clear();
    },
  };
}
