import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { parseRedisUrl } from '../../src/redis/redis-url.ts';

describe('the URL of a Redis', () => {
  it.each([
    ['redis://cache', { host: 'cache', port: 6379, db: 0 }],
    ['redis://127.0.0.1:7000/', { host: '127.0.0.1', port: 7000, db: 0 }],
    ['redis://[::1]:7000/3', { host: '::1', port: 7000, db: 3 }],
    ['redis://:s%40f%2Fe@cache', { host: 'cache', port: 6379, db: 0, password: 's@f/e' }],
    ['redis://me:pw@cache', { host: 'cache', port: 6379, db: 0, username: 'me', password: 'pw' }],
    ['rediss://cache/1', { host: 'cache', port: 6379, db: 1, tls: {} }],
    ['unix:///run/redis/a%20b.sock', { path: '/run/redis/a b.sock' }],
    ['unix://:pw@localhost/run/redis.sock', { path: '/run/redis.sock', password: 'pw' }],
    ['unix:/run/redis.sock', { path: '/run/redis.sock' }],
  ])('%s', (text, address) => {
    expect(parseRedisUrl(text, 'The URL')).toEqual({ address, prefix: 'sluice:' });
  });

  it('says what comes before every key', () => {
    expect(parseRedisUrl('redis://cache?prefix=shop:', 'The URL').prefix).toBe('shop:');
  });

  it.each([
    ['127.0.0.1:6379'],
    ['redis://'],
    ['redis:///1'],
    ['http://cache'],
    ['redis://cache/one'],
    ['redis://cache?tls=1'],
    ['redis://:%zz-secret@cache'],
    ['redis://:secret@cache:port'],
    ['redis://me:secret@cache/x'],
    ['unix:'],
    ['unix://elsewhere/run/redis.sock'],
    ['unix:///run/%zz'],
  ])('refuses %s, and does not repeat what may be a password', (text) => {
    let thrown: unknown;
    try {
      parseRedisUrl(text, 'The URL of the cache');
    } catch (error) {
      thrown = error;
    }
    expect(SluiceError.is(thrown, 'SLUICE_OPTION_INVALID')).toBe(true);
    expect(String(thrown)).toContain('The URL of the cache');
    expect(JSON.stringify([String(thrown), thrown])).not.toContain('secret');
  });
});
