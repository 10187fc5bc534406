import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BatchRest } from '../../src/worker/batch-rest.ts';

let waiting: number;
let over: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  waiting = 0;
  over = false;
});

afterEach(() => {
  vi.useRealTimers();
});

function resting(tookMs: number): BatchRest {
  const subject = new BatchRest(() => waiting >= 10);
  subject.begin(tookMs);
  void subject.over().then(() => {
    over = true;
  });
  return subject;
}

test('before the first batch there is no rest', async () => {
  await expect(new BatchRest(() => false).over()).resolves.toBeUndefined();
});

test('is three times as long as the batch before it took', async () => {
  resting(10);
  await vi.advanceTimersByTimeAsync(29);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(over).toBe(true);
});

test('is 100 ms long at most, however long the batch took', async () => {
  resting(60_000);
  await vi.advanceTimersByTimeAsync(99);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(over).toBe(true);
});

test('ends when enough has come, and not for less', async () => {
  const subject = resting(10);
  waiting = 9;
  subject.look();
  await vi.advanceTimersByTimeAsync(0);
  expect(over).toBe(false);
  waiting = 10;
  subject.look();
  await vi.advanceTimersByTimeAsync(0);
  expect(over).toBe(true);
});

test('does not begin where enough waits already', async () => {
  waiting = 10;
  resting(10);
  await vi.advanceTimersByTimeAsync(0);
  expect(over).toBe(true);
});

test('leaves no timer behind when it is ended', () => {
  resting(10).end();
  expect(vi.getTimerCount()).toBe(0);
});
