import type { Clock } from '../core/clock.ts';

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Moves the time on by `ms` milliseconds. */
  advance(ms: number): void;
}

/** @param start milliseconds since the epoch; the default is the first of January 2026 */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
  };
}
