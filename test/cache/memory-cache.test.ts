import { describe, expect, it } from 'vitest';
import { openMemoryCache } from '../../src/cache/memory/memory-cache.ts';
import { cacheConformance } from '../../src/testing/cache-conformance.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';

cacheConformance({ describe, it }, 'memory', () => {
  const clock = fakeClock();
  return { cache: openMemoryCache({ clock }), pass: (ms) => clock.advance(ms) };
});

describe('memory cache', () => {
  it('lets go of the least recently used when its bytes are spent', async () => {
    const cache = openMemoryCache({ clock: fakeClock(), maxBytes: 10_000 });
    const write = (key: string): Promise<void> =>
      cache.set(key, { version: 1, value: 'x'.repeat(1400), ttlMs: 1000 });
    for (const key of ['a', 'b', 'c']) await write(key);
    await cache.get('a');
    await write('d');

    expect(await cache.get('b')).toBeUndefined();
    for (const key of ['a', 'c', 'd']) expect(await cache.get(key)).toBeDefined();
  });

  it('keeps nothing of a value larger than all of its bytes', async () => {
    const cache = openMemoryCache({ clock: fakeClock(), maxBytes: 1000 });
    await cache.set('a', { version: 1, value: 'x'.repeat(5000), ttlMs: 1000 });
    expect(await cache.get('a')).toBeUndefined();
  });
});
