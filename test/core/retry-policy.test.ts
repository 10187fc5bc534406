import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoff, DEFAULT_RETRY_POLICY } from '../../src/core/retry-policy.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

const drawing = (fraction: number) => ({ ...seededRandom(1), fraction: () => fraction });
const nearlyOne = 1 - 2 ** -32;

describe('back-off', () => {
  it('doubles its bound with each attempt, up to the cap', () => {
    const policy = { retries: 9, baseMs: 1000, capMs: 5000 };
    const bounds = [1, 2, 3, 4, 5].map((attempts) => backoff(policy, attempts, drawing(nearlyOne)));
    expect(bounds).toEqual([1000, 2000, 4000, 5000, 5000]);
  });

  it('draws from the whole range, so that retries of many do not come together', () => {
    expect(backoff(DEFAULT_RETRY_POLICY, 5, drawing(0))).toBe(0);
    const random = seededRandom(3);
    const waits = Array.from({ length: 1000 }, () => backoff(DEFAULT_RETRY_POLICY, 5, random));
    expect(waits.filter((wait) => wait < 8000).length).toBeGreaterThan(400);
    expect(waits.filter((wait) => wait >= 8000).length).toBeGreaterThan(400);
  });

  it('stays within the cap for any number of attempts', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1e6), fc.nat(1e9), fc.nat(1e9), (attempts, seed, baseMs, capMs) => {
        const wait = backoff({ retries: 1, baseMs, capMs }, attempts, seededRandom(seed));
        expect(Number.isSafeInteger(wait) && wait >= 0 && wait <= capMs).toBe(true);
      }),
    );
  });
});
