import { Breaker } from '../../core/breaker.ts';
import type { Clock } from '../../core/clock.ts';
import type { Reachability } from '../../core/health.ts';
import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import { logRefusals } from '../../redis/log-refusals.ts';
import { closeRedis, connectRedis, isRefusal, reasonOf } from '../../redis/redis-connection.ts';
import { parseRedisUrl } from '../../redis/redis-url.ts';
import type { Cache, CacheEntry, CacheWrite } from '../cache.ts';
import { writeVersioned } from './versioned-write.ts';

export interface RedisCacheOptions {
  /** `redis://`, `rediss://` or `unix:`; see docs/drivers/redis.md. */
  readonly url: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** The longest time that a call may take, in milliseconds. Default 50. */
  readonly deadlineMs?: number;
}

const DEFAULT_DEADLINE_MS = 50;
/** All questions go over one connection, so that one without an answer speaks for all. */
const FAILURES = 1;

/**
 * A cache in Redis or Valkey. Connects in the background, so that one that is missing keeps nothing from starting, and
 * reconnects for ever; until then, everything is a miss.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for a URL that can not be used
 */
export function openRedisCache(options: RedisCacheOptions): Cache {
  const { url, logger, clock, random, deadlineMs = DEFAULT_DEADLINE_MS } = options;
  const { address, prefix } = parseRedisUrl(url, 'The URL of the cache');
  const redis = connectRedis({ address, name: 'cache', logger, random });
  const breaker = new Breaker({ whom: 'the cache', deadlineMs, failures: FAILURES, clock, logger });
  const logRefusal = logRefusals(redis, 'cache', logger);
  redis.on('ready', () => breaker.reset());
  let failure = 'it was not reached yet';
  redis.on('error', (error: unknown) => {
    failure = reasonOf(error);
  });

  /** Without a connection there is nothing to wait for; a refusal is an answer. */
  const ask = async <T>(question: () => Promise<T>): Promise<T | undefined> => {
    if (redis.status !== 'ready') return undefined;
    return breaker.ask(async () => {
      try {
        return await question();
      } catch (error) {
        if (!isRefusal(error)) throw error;
        logRefusal(error);
        return undefined;
      }
    });
  };

  return {
    async get(key: string): Promise<CacheEntry | undefined> {
      const text = await ask(() => redis.get(prefix + key));
      return decode(text ?? '', clock.now());
    },
    async set(key: string, entry: CacheWrite): Promise<void> {
      const ttlMs = Math.max(1, Math.ceil(entry.ttlMs));
      const text = encode(entry, clock.now() + ttlMs);
      await ask(() => writeVersioned(redis, [prefix + key, entry.version, text, ttlMs]));
    },
    async health(): Promise<Reachability> {
      if (redis.status !== 'ready') return { ok: false, reason: failure };
      const answer = await breaker.ask(() => redis.ping().catch(refusalOf));
      if (answer === 'PONG') return { ok: true };
      return { ok: false, reason: answer ?? `no answer within ${deadlineMs} ms` };
    },
    close: () => closeRedis(redis),
  };
}

/** What the server says instead of an answer. */
function refusalOf(error: unknown): string {
  if (isRefusal(error)) return error.message;
  throw error;
}

/** Its end is in the copy, too: a server that was frozen carries out late what was sent to it before. */
function encode({ version, value }: CacheEntry, expiresAt: number): string {
  return `${version} ${expiresAt} ${value}`;
}

function decode(text: string, now: number): CacheEntry | undefined {
  const [head, version, expiresAt] = /^(\d+) (\d+) /.exec(text) ?? [];
  if (head === undefined || Number(expiresAt) <= now) return undefined;
  return { version: Number(version), value: text.slice(head.length) };
}
