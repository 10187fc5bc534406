import { randomUUID } from 'node:crypto';
import type { Examination } from '../../core/examination.ts';
import { examineRedis } from '../../redis/examine-redis.ts';
import { parseRedisUrl } from '../../redis/redis-url.ts';
import { writeVersioned } from './versioned-write.ts';

const TTL_MS = 1000;

/**
 * Looks whether the server does what a cache needs, with a key of its own that is soon gone.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for the URL
 */
export async function examineRedisCache(url: string): Promise<Examination> {
  const { address, prefix } = parseRedisUrl(url, 'The URL of the cache');
  const key = `${prefix}doctor-${randomUUID()}`;
  return examineRedis(address, async (redis) => {
    await writeVersioned(redis, [key, 1, '1 ', TTL_MS]);
    await redis.get(key);
  });
}
