import { describe, expect, it } from 'vitest';
import { openMemoryCache } from '../../src/cache/memory/memory-cache.ts';
import { cacheConformance } from '../../src/testing/cache-conformance.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';

cacheConformance({ describe, it }, 'memory', () => {
  const clock = fakeClock();
  return { cache: openMemoryCache({ clock }), pass: (ms) => clock.advance(ms) };
});

describe('memory cache', () => {
  it.each([-3_600_000, 3_600_000])(
    'keeps to the time to live when the wall clock jumps by %i ms',
    async (ms) => {
      const clock = fakeClock();
      const cache = openMemoryCache({ clock });
      await cache.set('a', { version: 1, value: 'A', ttlMs: 2000 });
      clock.jump(ms);
      clock.advance(1999);
      expect(await cache.get('a')).toBeDefined();
      clock.advance(1);
      expect(await cache.get('a')).toBeUndefined();
    },
  );

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
