import { randomUUID } from 'node:crypto';
import type { Examination } from '../../core/examination.ts';
import { examineRedis } from '../../redis/examine-redis.ts';
import { parseRedisUrl } from '../../redis/redis-url.ts';

/**
 * Looks whether the server does what signals need, on a channel of its own.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for the URL
 */
export async function examineRedisSignals(url: string): Promise<Examination> {
  const { address, prefix } = parseRedisUrl(url, 'The URL of the signals');
  const channel = `${prefix}doctor-${randomUUID()}`;
  return examineRedis(address, async (redis) => {
    await redis.publish(channel, '');
    await redis.subscribe(channel);
    await redis.unsubscribe(channel);
  });
}
