import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { isRefusal } from '../../redis/redis-connection.ts';

/** Compares and writes in one step: between two, another's newer copy could be overwritten. */
const WRITE = `
local known = string.match(redis.call('GETRANGE', KEYS[1], 0, 31), '^(%d+) ')
if known and tonumber(known) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;
const WRITE_SHA = createHash('sha1').update(WRITE).digest('hex');

/** Writes `text`, which begins with its version, unless a newer one is there. */
export async function writeVersioned(
  redis: Redis,
  args: readonly [key: string, version: number, text: string, ttlMs: number],
): Promise<void> {
  try {
    await redis.evalsha(WRITE_SHA, 1, ...args);
  } catch (error) {
    if (!isRefusal(error) || !error.message.startsWith('NOSCRIPT')) throw error;
    await redis.eval(WRITE, 1, ...args);
  }
}
