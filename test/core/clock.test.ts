import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';

describe('the system clock', () => {
  it('measures on when the wall clock is set back', () => {
    const realNow = Date.now;
    const before = { now: systemClock.now(), elapsed: systemClock.elapsed() };
    try {
      Date.now = () => before.now - 3_600_000;
      expect(systemClock.now()).toBe(before.now - 3_600_000);
      expect(systemClock.elapsed()).toBeGreaterThanOrEqual(before.elapsed);
    } finally {
      Date.now = realNow;
    }
  });
});

describe('the fake clock', () => {
  it('moves both readings on, and only the wall clock jumps', () => {
    const clock = fakeClock(1_000_000);
    const begun = clock.elapsed();
    clock.advance(1500);
    expect([clock.now(), clock.elapsed() - begun]).toEqual([1_001_500, 1500]);
    clock.jump(-60_000);
    expect([clock.now(), clock.elapsed() - begun]).toEqual([941_500, 1500]);
    clock.jump(60_000);
    expect([clock.now(), clock.elapsed() - begun]).toEqual([1_001_500, 1500]);
  });
});
