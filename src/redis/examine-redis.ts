import { Redis } from 'ioredis';
import type { Examination } from '../core/examination.ts';
import { closeRedis, isRefusal, reasonOf } from './redis-connection.ts';
import type { RedisAddress } from './redis-url.ts';

const CONNECT_MS = 2000;
const ANSWER_MS = 2000;
const CLOSE_MS = 200;

/**
 * Looks at a server, once.
 * @param use what the connection is for: rejects where it can not be done
 */
export async function examineRedis(
  address: RedisAddress,
  use: (redis: Redis) => Promise<void>,
): Promise<Examination> {
  const redis = new Redis({
    ...address,
    connectionName: 'sluice-doctor',
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    socketTimeout: ANSWER_MS,
    enableReadyCheck: false,
    disableClientInfo: true,
    disconnectTimeout: CLOSE_MS,
    retryStrategy: () => null,
  });
  let failure: unknown;
  redis.on('error', (error: unknown) => {
    failure ??= error;
  });
  try {
    await redis.connect();
    const server = nameOf(await redis.call('HELLO'));
    await use(redis);
    return { kind: 'answers', server };
  } catch (thrown) {
    const error = failure ?? thrown;
    return { kind: isRefusal(error) ? 'refuses' : 'away', reason: reasonOf(error) };
  } finally {
    await closeRedis(redis);
  }
}

/** Of the names and values that the server answers one after the other. */
function nameOf(hello: unknown): string {
  const parts = Array.isArray(hello) ? hello.map(String) : [];
  const [server = 'redis', version = ''] = ['server', 'version'].map(
    (name) => parts[parts.indexOf(name) + 1],
  );
  return `${server.charAt(0).toUpperCase()}${server.slice(1)} ${version}`.trim();
}
