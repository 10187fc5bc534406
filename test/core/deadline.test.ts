import { describe, expect, it, vi } from 'vitest';
import { DeadlinePassed, within } from '../../src/core/deadline.ts';
import { heldUp } from './held-up.ts';

const DEADLINE_MS = 20;

describe('a deadline', () => {
  it('gives the answer, or the failure, that comes before it', async () => {
    expect(await within(DEADLINE_MS, Promise.resolve('answer'))).toBe('answer');
    await expect(within(DEADLINE_MS, Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('passes where nothing comes, and says how long that was', async () => {
    const answer = within(DEADLINE_MS, new Promise(() => undefined));
    await expect(answer).rejects.toThrow(DeadlinePassed);
    await expect(answer).rejects.toThrow('no answer within 20 ms');
  });

  it('sets no timer for an answer that is at hand', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await within(DEADLINE_MS, Promise.resolve('answer'));
    expect(timers).not.toHaveBeenCalled();
    timers.mockRestore();
  });

  it('takes an answer that lay unread while this process was held up', async () => {
    const question = { ms: 2 * DEADLINE_MS, answer: 'answer' };
    expect(await heldUp(question, (ask) => within(DEADLINE_MS, ask()))).toBe('answer');
  });
});
