import type { Clock } from '../core/clock.ts';

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Lets `ms` milliseconds pass. */
  advance(ms: number): void;
  /** Sets the wall clock on by `ms` milliseconds, or back where that is negative. No time passes by it. */
  jump(ms: number): void;
}

/** @param start milliseconds since the epoch; the default is the first of January 2026 */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  let elapsed = 0;
  return {
    now: () => now,
    elapsed: () => elapsed,
    advance: (ms) => {
      now += ms;
      elapsed += ms;
    },
    jump: (ms) => {
      now += ms;
    },
  };
}
