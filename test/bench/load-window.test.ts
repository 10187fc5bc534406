import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LoadWindow } from '../../bench/load-window.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0, toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('has a rate of what ended within it, and latencies of all', () => {
  const window = new LoadWindow(1000);
  const begunAt = performance.now();
  vi.advanceTimersByTime(400);
  expect(window.ended(begunAt)).toBe(true);
  expect(window.ended(begunAt)).toBe(true);
  vi.advanceTimersByTime(2000);
  expect(window.ended(begunAt)).toBe(false);
  expect(window.result()).toEqual({ requests: 3, perSecond: 2, p50Ms: 400, p99Ms: 2400 });
});
