import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FullQueues } from '../../src/queue/rabbitmq/full-queues.ts';

/** A channel that was opened just now. */
function channel(confirmed: readonly string[] = []) {
  return { openedAt: performance.now(), hasConfirmed: (queue: string) => confirmed.includes(queue) };
}

describe('a queue that refuses a message', () => {
  let ready: number;
  let full: FullQueues;

  beforeEach(() => {
    vi.useFakeTimers();
    ready = 10;
    full = new FullQueues(() => Promise.resolve(ready));
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('is full where the channel knows its leader', async () => {
    ready = 0;
    expect(await full.isFull({ queue: 'q', channel: channel(['q']) })).toBe(true);
    expect(await full.isFull({ queue: 'q', channel: channel(['other']) })).toBe(false);
  });

  it('is not full while it holds nothing, as one without a leader seems to', async () => {
    ready = 0;
    for (let at = 0; at < 3; at += 1) {
      vi.advanceTimersByTime(100);
      expect(await full.isFull({ queue: 'q', channel: channel() })).toBe(false);
    }
  });

  it('is not full as far as a node can tell that is frozen', async () => {
    const asked = vi.fn<() => Promise<number>>(() => new Promise(() => undefined));
    full = new FullQueues(asked);
    const first = full.isFull({ queue: 'q', channel: channel() });
    await vi.advanceTimersByTimeAsync(250);
    const second = full.isFull({ queue: 'q', channel: channel() });
    await vi.advanceTimersByTimeAsync(1000);
    expect(await Promise.all([first, second])).toEqual([false, false]);
    expect(asked).toHaveBeenCalledOnce();
  });

  it('is full where it holds messages, and a channel opened since says so too', async () => {
    const old = channel();
    vi.advanceTimersByTime(100);
    expect(await full.isFull({ queue: 'q', channel: old })).toBe(false);
    expect(await full.isFull({ queue: 'q', channel: old })).toBe(false);
    vi.advanceTimersByTime(100);
    expect(await full.isFull({ queue: 'q', channel: channel() })).toBe(true);
    expect(await full.isFull({ queue: 'q', channel: old })).toBe(false);
  });

  it('has to be found out anew after a while, and when its leader was lost meanwhile', async () => {
    await full.isFull({ queue: 'q', channel: channel() });
    vi.advanceTimersByTime(6000);
    expect(await full.isFull({ queue: 'q', channel: channel() })).toBe(false);
    ready = 0;
    await full.isFull({ queue: 'q', channel: channel() });
    ready = 10;
    vi.advanceTimersByTime(100);
    expect(await full.isFull({ queue: 'q', channel: channel() })).toBe(false);
  });

  it('is not full where nobody can tell', async () => {
    full = new FullQueues(() => Promise.reject(new Error('no connection')));
    expect(await full.isFull({ queue: 'q', channel: channel() })).toBe(false);
  });
});
