import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SharedDeadline } from '../../../src/gateway/accept/shared-deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('tells what has not ended by its deadline, and nothing else', () => {
  const deadline = new SharedDeadline(1000);
  const expired: string[] = [];
  const end = deadline.begin(() => expired.push('ended'));
  deadline.begin(() => expired.push('first'));
  vi.advanceTimersByTime(500);
  deadline.begin(() => expired.push('second'));
  end();
  vi.advanceTimersByTime(499);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(101);
  expect(expired).toEqual(['first']);
  vi.advanceTimersByTime(500);
  expect(expired).toEqual(['first', 'second']);
});

it('takes one timer for all that begins together', () => {
  const deadline = new SharedDeadline(1000);
  for (let begun = 0; begun < 100; begun += 1) deadline.begin(() => undefined);
  expect(vi.getTimerCount()).toBe(2);
});
