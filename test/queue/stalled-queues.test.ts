import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StalledQueues } from '../../src/queue/rabbitmq/stalled-queues.ts';

const WAIT_MS = 10_000;

describe('a queue for which a publish has waited in vain', () => {
  let stalled: StalledQueues;

  beforeEach(() => {
    vi.useFakeTimers();
    stalled = new StalledQueues();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('is not stalled while it confirms others', () => {
    vi.advanceTimersByTime(WAIT_MS);
    stalled.confirmed('q');
    vi.advanceTimersByTime(WAIT_MS - 1);
    expect(stalled.waited('q', WAIT_MS)).toBe(false);
    expect(stalled.admits('q')).toBe(true);
  });

  it('takes nothing but one message a second, until it confirms one', () => {
    expect(stalled.waited('q', WAIT_MS)).toBe(true);
    expect([stalled.admits('q'), stalled.admits('other')]).toEqual([false, true]);
    vi.advanceTimersByTime(1000);
    expect([stalled.admits('q'), stalled.admits('q')]).toEqual([true, false]);
    stalled.confirmed('q');
    expect([stalled.admits('q'), stalled.admits('q')]).toEqual([true, true]);
  });

  it('takes all again when its leader is found, and no other queue does', () => {
    stalled.waited('q', WAIT_MS);
    stalled.waited('other', WAIT_MS);
    stalled.found('q');
    expect([stalled.admits('q'), stalled.admits('other')]).toEqual([true, false]);
    expect(stalled.names).toEqual(['other']);
  });

  it('takes all again when something has changed', () => {
    stalled.waited('q', WAIT_MS);
    stalled.clear();
    expect(stalled.admits('q')).toBe(true);
    expect(stalled.names).toEqual([]);
  });
});
