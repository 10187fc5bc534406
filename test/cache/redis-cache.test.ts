import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Cache } from '../../src/cache/cache.ts';
import { openRedisCache, type RedisCacheOptions } from '../../src/cache/redis/redis-cache.ts';
import { systemClock } from '../../src/core/clock.ts';
import { SluiceError } from '../../src/core/errors.ts';
import { systemRandom } from '../../src/core/random.ts';
import { cacheConformance } from '../../src/testing/cache-conformance.ts';
import { useRedis } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { recordingLogger } from '../redis/recording-logger.ts';

const TTL_MS = 60_000;
const IMPATIENT = { deadlineMs: 50 };
const WRITTEN = { version: 1, value: 'V', ttlMs: TTL_MS };

let prefixes = 0;
/** Of a cache that no other test sees. */
function freshPrefix(): string {
  prefixes++;
  return `test-${prefixes}:`;
}

/** Patient, unless the test says otherwise: a machine under load answers late. Closing it twice does no harm. */
function open(url: string, options: Partial<RedisCacheOptions> = {}): Cache {
  const cache = openRedisCache({
    url,
    logger: recordingLogger(),
    clock: systemClock,
    random: systemRandom,
    deadlineMs: 10_000,
    ...options,
  });
  onTestFinished(() => cache.close());
  return cache;
}

/** Waits until it answers: it connects in the background. */
async function answering(cache: Cache): Promise<Cache> {
  await expect
    .poll(
      async () => {
        await cache.set('answering', WRITTEN);
        return cache.get('answering');
      },
      { timeout: 30_000 },
    )
    .toBeDefined();
  return cache;
}

describe.skipIf(unavailable('redis-server'))('the cache on Redis', () => {
  const engine = useRedis();
  const at = (prefix = freshPrefix()): string => `${engine.url}?prefix=${prefix}`;
  const server = () => {
    const [process] = engine.processes;
    if (!process) throw new Error('there is no server');
    return process;
  };
  let raw: Redis;
  beforeAll(() => {
    raw = new Redis(engine.url, { maxRetriesPerRequest: null });
    raw.on('error', () => undefined);
  });
  afterAll(() => raw.disconnect());

  cacheConformance({ describe, it }, 'redis', async () => {
    return { cache: await answering(open(at())), pass: (ms) => pause(ms) };
  });

  it('keeps the newest of what several processes write at a time, and its time to live', async () => {
    const url = at('race:');
    const caches = await Promise.all([1, 2, 3].map(() => answering(open(url))));
    const versions = Array.from({ length: 60 }, (_write, index) => ((index * 37) % 60) + 1);
    await Promise.all(
      versions.map(async (version, index) => {
        await caches[index % 3]?.set('a', { version, value: String(version), ttlMs: version * 1000 });
      }),
    );
    expect(await caches[0]?.get('a')).toEqual({ version: 60, value: '60' });
    expect(await raw.pttl('race:a')).toBeGreaterThan(59 * 1000 - 30_000);
    expect(await raw.pttl('race:a')).toBeLessThanOrEqual(60_000);
  });

  it('keeps what is longer than a packet, whatever is in it', async () => {
    const cache = await answering(open(at()));
    const value = `1 2 "ä😀\u0000\r\n${'x'.repeat(1024 * 1024)}`;
    await cache.set('long', { version: 2 ** 40, value, ttlMs: TTL_MS });
    expect(await cache.get('long')).toEqual({ version: 2 ** 40, value });
  });

  it('goes on after the server has forgotten the script', async () => {
    const cache = await answering(open(at()));
    await raw.script('FLUSH');
    await cache.set('a', WRITTEN);
    expect(await cache.get('a')).toEqual({ version: 1, value: 'V' });
  });

  it('takes what it did not write for a miss, and says what the server refuses once', async () => {
    const logger = recordingLogger();
    const cache = await answering(open(at('foreign:'), { logger }));
    await raw.set('foreign:text', 'something else');
    await raw.rpush('foreign:list', 'a list');
    for (let time = 0; time < 3; time += 1) {
      expect(await cache.get('text')).toBeUndefined();
      expect(await cache.get('list')).toBeUndefined();
      await cache.set('list', WRITTEN);
    }
    await cache.set('fine', WRITTEN);
    expect(await cache.get('fine')).toBeDefined();
    expect(logger.entries).toEqual([expect.stringMatching(/^warn Redis refuses a command .*WRONGTYPE/)]);
  });

  it('reads while the server is full and refuses writes', async () => {
    const cache = await answering(open(at()));
    await cache.set('a', WRITTEN);
    await raw.config('SET', 'maxmemory', '1');
    try {
      await cache.set('b', WRITTEN);
      expect(await cache.get('a')).toEqual({ version: 1, value: 'V' });
      expect(await cache.get('b')).toBeUndefined();
    } finally {
      await raw.config('SET', 'maxmemory', '0');
    }
  });

  it('misses while the server is frozen, and hits again when it goes on', async () => {
    const logger = recordingLogger();
    const cache = await answering(open(at(), { logger, ...IMPATIENT }));
    await cache.set('a', WRITTEN);
    server().signal('SIGSTOP');
    try {
      const reads = await Promise.all(Array.from({ length: 300 }, () => cache.get('a')));
      expect(new Set(reads)).toEqual(new Set([undefined]));
      await cache.set('a', { ...WRITTEN, version: 2 });
    } finally {
      server().signal('SIGCONT');
    }
    await expect.poll(() => cache.get('a'), { timeout: 30_000 }).toBeDefined();
    expect(logger.entries[0]).toBe(
      'warn the cache does not answer; going on without it {"reason":"no answer within 50 ms"}',
    );
    expect(logger.entries.at(-1)).toBe('info the cache answers again {}');
  });

  it('connects anew where the server stays frozen, and uses the connection once it goes on', async () => {
    const logger = recordingLogger();
    const cache = await answering(open(at(), { logger, ...IMPATIENT }));
    server().signal('SIGSTOP');
    try {
      expect(await cache.get('a')).toBeUndefined();
      await expect.poll(() => logger.entries.join(), { timeout: 30_000 }).toContain('Socket timeout');
      expect(await cache.get('a')).toBeUndefined();
    } finally {
      server().signal('SIGCONT');
    }
    await answering(cache);
    expect(logger.entries.join()).toContain('info Redis is back');
  });

  it('serves nothing that a frozen server stored after its time', async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    const cache = await answering(open(at('late:'), { clock, ...IMPATIENT }));
    server().signal('SIGSTOP');
    try {
      await cache.set('a', { version: 1, value: 'of long ago', ttlMs: 20_000 });
      ahead = 30_000;
    } finally {
      server().signal('SIGCONT');
    }
    await expect.poll(() => raw.get('late:a'), { timeout: 30_000 }).toContain('of long ago');
    await answering(cache);
    expect(await cache.get('a')).toBeUndefined();
    expect(await raw.get('late:a')).toContain('of long ago');
  });

  it('misses while the server is away, says so once, and finds it again by itself', async () => {
    const logger = recordingLogger();
    const cache = await answering(open(at(), { logger }));
    const reading = Promise.all(Array.from({ length: 100 }, () => cache.get('a')));
    await server().kill();
    await reading;
    await expect.poll(() => logger.entries.join(), { timeout: 30_000 }).toContain('ECONNREFUSED');
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', WRITTEN);
    await server().start();
    await answering(cache);
    expect(logger.entries.filter((entry) => entry.includes('ECONNREFUSED'))).toHaveLength(1);
    expect(logger.entries.filter((entry) => entry.startsWith('info Redis is back'))).toHaveLength(1);
  });

  it('says how it is: well, refused, without an answer, or not connected', async () => {
    const cache = await answering(open(at()));
    await raw.call('ACL', 'SETUSER', 'default', '-ping');
    expect(await cache.health()).toEqual({ ok: false, reason: expect.stringContaining('NOPERM') as string });
    await raw.call('ACL', 'SETUSER', 'default', '+ping');
    expect(await cache.health()).toEqual({ ok: true });
    const impatient = await answering(open(at(), IMPATIENT));
    server().signal('SIGSTOP');
    expect(await impatient.health()).toEqual({ ok: false, reason: 'no answer within 50 ms' });
    server().signal('SIGCONT');
    await expect.poll(() => impatient.health(), { timeout: 30_000 }).toEqual({ ok: true });
    await server().kill();
    const away = { ok: false, reason: expect.stringContaining('ECONNREFUSED') as string };
    await expect.poll(() => cache.health(), { timeout: 30_000 }).toEqual(away);
    await server().start();
    await expect.poll(() => cache.health(), { timeout: 30_000 }).toEqual({ ok: true });
  });

  it('starts without a server, and uses it when it comes', async () => {
    await server().kill();
    const cache = open(at());
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', WRITTEN);
    await server().start();
    await answering(cache);
  });

  it('closes whether there is a server or not', async () => {
    await (await answering(open(at()))).close();
    await server().kill();
    const cache = open(at());
    await cache.close();
    expect(await cache.get('a')).toBeUndefined();
    await server().start();
  });

  it('never shows the password, and has none of the answers to a wrong one', async () => {
    await expect.poll(() => raw.ping(), { timeout: 30_000 }).toBe('PONG');
    await raw.config('SET', 'requirepass', 'right-secret');
    const logger = recordingLogger();
    const { host } = new URL(engine.url);
    try {
      const refused = open(`redis://:wrong-secret@${host}`, { logger });
      await expect.poll(() => logger.entries.join()).toContain('WRONGPASS');
      expect(await refused.get('a')).toBeUndefined();
      await answering(open(`redis://:right-secret@${host}?prefix=p:`, { logger }));
      expect(logger.entries.join()).not.toContain('secret');
    } finally {
      await raw.config('SET', 'requirepass', '');
    }
  });
});

describe('the URL of the cache', () => {
  it('is refused where it is none', () => {
    expect(() => open('memcached://host')).toThrow(SluiceError);
  });
});
