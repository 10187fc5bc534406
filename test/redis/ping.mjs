// Connects to the Redis at the URL given, and says what it answers.
import { once } from 'node:events';
import { systemRandom } from '../../dist/core/random.js';
import { silentLogger } from '../../dist/core/logger.js';
import { connectRedis } from '../../dist/redis/redis-connection.js';
import { parseRedisUrl } from '../../dist/redis/redis-url.js';

const { address } = parseRedisUrl(process.argv[2], 'the argument');
const redis = connectRedis({ address, name: 'test', logger: silentLogger, random: systemRandom });
await once(redis, 'ready');
process.stdout.write(`${await redis.ping()}\n`);
redis.disconnect();
