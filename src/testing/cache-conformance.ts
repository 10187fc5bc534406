import assert from 'node:assert/strict';
import type { Cache } from '../cache/cache.ts';
import {
  type ConformanceOptions,
  registerConformance,
  type SuiteRunner,
  type Topics,
} from './conformance.ts';

/** A fresh cache, alone with its storage. */
export interface CacheUnderTest {
  readonly cache: Cache;
  /** Lets the time pass that the cache goes by: a fake clock's, or the real one. */
  readonly pass: (ms: number) => void | Promise<void>;
  dispose?(): Promise<void>;
}

export type CacheFactory = () => Promise<CacheUnderTest> | CacheUnderTest;

/** Registers what every Cache has to do. */
export function cacheConformance(
  runner: SuiteRunner,
  name: string,
  factory: CacheFactory,
  options: ConformanceOptions = {},
): void {
  registerConformance(runner, `${name} cache`, TOPICS, {
    ...options,
    open: factory,
    close: async (subject) => {
      await subject.cache.close();
      await subject.dispose?.();
    },
  });
}

const LONG_MS = 60_000;

const TOPICS: Topics<CacheUnderTest> = {
  copies: {
    'has nothing under a key that was never written': async ({ cache }) => {
      assert.equal(await cache.get('nothing'), undefined);
    },
    'gives back the version and the value that were written': async ({ cache }) => {
      await cache.set('a', { version: 3, value: '{"text":"ä😀\\n"}', ttlMs: LONG_MS });
      assert.deepEqual(await cache.get('a'), { version: 3, value: '{"text":"ä😀\\n"}' });
    },
    'keeps keys apart': async ({ cache }) => {
      await cache.set('a', { version: 1, value: 'A', ttlMs: LONG_MS });
      await cache.set('b', { version: 1, value: 'B', ttlMs: LONG_MS });
      assert.equal((await cache.get('a'))?.value, 'A');
      assert.equal((await cache.get('b'))?.value, 'B');
    },
  },
  'version order': {
    'replaces an older copy': async ({ cache }) => {
      await cache.set('a', { version: 2, value: 'old', ttlMs: LONG_MS });
      await cache.set('a', { version: 3, value: 'new', ttlMs: LONG_MS });
      assert.deepEqual(await cache.get('a'), { version: 3, value: 'new' });
    },
    'never overwrites a newer copy with an older one': async ({ cache }) => {
      await cache.set('a', { version: 10, value: 'new', ttlMs: LONG_MS });
      await cache.set('a', { version: 9, value: 'old', ttlMs: LONG_MS });
      assert.deepEqual(await cache.get('a'), { version: 10, value: 'new' });
    },
    'an older version does not lengthen the life of a newer copy': async ({ cache, pass }) => {
      await cache.set('a', { version: 2, value: 'new', ttlMs: 1000 });
      await cache.set('a', { version: 1, value: 'old', ttlMs: LONG_MS });
      await pass(1100);
      assert.notEqual((await cache.get('a'))?.version, 2);
    },
    'keeps the newest of many concurrent writes': async ({ cache }) => {
      const versions = [4, 1, 7, 3, 9, 2, 8, 5, 6];
      await Promise.all(
        versions.map((version) => cache.set('a', { version, value: String(version), ttlMs: LONG_MS })),
      );
      assert.deepEqual(await cache.get('a'), { version: 9, value: '9' });
    },
  },
  'time to live': {
    'serves a copy until its time is over, and not after': async ({ cache, pass }) => {
      await cache.set('short', { version: 1, value: 'S', ttlMs: 1000 });
      await cache.set('long', { version: 1, value: 'L', ttlMs: LONG_MS });
      assert.equal((await cache.get('short'))?.value, 'S');
      await pass(1100);
      assert.equal(await cache.get('short'), undefined);
      assert.equal((await cache.get('long'))?.value, 'L');
    },
    'a newer version brings its own time': async ({ cache, pass }) => {
      await cache.set('a', { version: 1, value: 'old', ttlMs: 1000 });
      await cache.set('a', { version: 2, value: 'new', ttlMs: LONG_MS });
      await pass(1100);
      assert.equal((await cache.get('a'))?.value, 'new');
    },
  },
  failure: {
    'says that it is well': async ({ cache }) => {
      assert.deepEqual(await cache.health(), { ok: true });
    },
    'is a miss, never a rejection, once it is closed': async ({ cache }) => {
      await cache.set('a', { version: 1, value: 'A', ttlMs: LONG_MS });
      await cache.close();
      assert.equal(await cache.get('a'), undefined);
      await cache.set('a', { version: 2, value: 'A', ttlMs: LONG_MS });
      assert.equal(await cache.get('a'), undefined);
    },
  },
};
