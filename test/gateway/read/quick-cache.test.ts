import { describe, expect, it } from 'vitest';
import type { CacheEntry } from '../../../src/cache/cache.ts';
import { QuickCache } from '../../../src/gateway/read/quick-cache.ts';
import { fakeClock } from '../../../src/testing/fake-clock.ts';
import { heldUp } from '../../core/held-up.ts';
import { FakeCache } from '../fakes.ts';

const DEADLINE_MS = 20;
const ENTRY = { version: 1, value: 'V', ttlMs: 1000 };

/** A cache that answers a read with what it is told to. */
class ScriptedCache extends FakeCache {
  answer: () => Promise<CacheEntry | undefined> = () => Promise.resolve(ENTRY);

  override get(): Promise<CacheEntry | undefined> {
    this.gets++;
    return this.answer();
  }
}

describe('QuickCache', () => {
  it('takes what lay unread while this process was held up, and goes on asking', async () => {
    const cache = new ScriptedCache();
    const quick = new QuickCache(cache, fakeClock());
    for (let time = 0; time < 4; time += 1) {
      const found = await heldUp({ ms: 2 * DEADLINE_MS, answer: ENTRY }, (answer) => {
        cache.answer = answer;
        return quick.get('a');
      });
      expect(found).toEqual(ENTRY);
    }
    quick.set('b', ENTRY);
    await expect.poll(() => cache.entries.has('b')).toBe(true);
  });

  it('leaves one alone for a second that has let three wait, with reads and with writes', async () => {
    const [cache, clock] = [new FakeCache(), fakeClock()];
    const quick = new QuickCache(cache, clock);
    cache.mode = 'hangs';
    await Promise.all([1, 2, 3].map(() => quick.get('a')));
    cache.mode = 'works';
    for (let time = 0; time < 3; time += 1) {
      expect(await quick.get('a')).toBeUndefined();
      quick.set('a', ENTRY);
    }
    expect([cache.gets, cache.entries.size]).toEqual([3, 0]);
    clock.advance(1000);
    quick.set('a', ENTRY);
    await expect.poll(() => quick.get('a')).toEqual(ENTRY);
  });
});
