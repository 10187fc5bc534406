import type { Redis } from 'ioredis';
import type { Logger } from '../core/logger.ts';
import { isRefusal } from './redis-connection.ts';

/** Says in the log what the server refused and why: each kind once a connection, however often it happens. */
export function logRefusals(redis: Redis, name: string, logger: Logger): (error: unknown) => void {
  const told = new Set<string>();
  redis.on('ready', () => told.clear());
  return (error) => {
    if (!isRefusal(error)) return;
    const [kind = ''] = error.message.split(' ');
    if (!told.has(kind)) logger.warn('Redis refuses a command', { for: name, reason: error.message });
    told.add(kind);
  };
}
