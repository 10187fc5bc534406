import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrozenNodes, type Watched } from '../../src/queue/rabbitmq/frozen-nodes.ts';
import { PublishCall } from '../../src/queue/rabbitmq/publish-call.ts';
import type { Sent } from '../../src/queue/rabbitmq/publisher-channel.ts';

function sent(queue = 'q'): Sent {
  const message = { call: new PublishCall([queue], Infinity), queue, body: Buffer.alloc(0) };
  return { message, at: performance.now() };
}

class FakeConnection implements Watched {
  readonly oldestUnderWay: Map<string, number>;
  #confirmedAt = -Infinity;

  constructor(...underWay: readonly Sent[]) {
    this.oldestUnderWay = new Map(underWay.map(({ message, at }) => [message.queue, at]));
  }

  confirmedAt(): number {
    return this.#confirmedAt;
  }

  confirms(): void {
    this.#confirmedAt = performance.now();
  }
}

describe('a connection with a message that is not confirmed', () => {
  let frozen: FrozenNodes;
  let connection: FakeConnection;
  let other: FakeConnection;

  beforeEach(() => {
    vi.useFakeTimers();
    frozen = new FrozenNodes();
    connection = new FakeConnection(sent());
    other = new FakeConnection();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('does not answer when it is mute while another had a much later one confirmed', () => {
    vi.advanceTimersByTime(1001);
    frozen.confirmed(sent());
    expect(frozen.among([connection, other])).toEqual([connection]);
  });

  it('does not answer when it is mute and another has confirmed all of it, later ones too', () => {
    vi.advanceTimersByTime(10);
    frozen.confirmed(sent());
    other.confirms();
    vi.advanceTimersByTime(990);
    expect(frozen.among([connection, other])).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(frozen.among([connection, other])).toEqual([connection]);
  });

  it('is not given up while another, that had a later one confirmed, waits for the next', () => {
    vi.advanceTimersByTime(10);
    frozen.confirmed(sent());
    const waiting = new FakeConnection(sent());
    waiting.confirms();
    vi.advanceTimersByTime(60_000);
    expect(frozen.among([connection, waiting])).toEqual([]);
  });

  it('is not given up for one that has begun since, and has confirmed nothing', () => {
    vi.advanceTimersByTime(10);
    frozen.confirmed(sent());
    vi.advanceTimersByTime(60_000);
    expect(frozen.among([connection, other])).toEqual([]);
  });

  it('is not given up while the others are as late', () => {
    frozen.confirmed(sent());
    vi.advanceTimersByTime(60_000);
    expect(frozen.among([connection, other])).toEqual([]);
  });

  it('is not given up by what was confirmed of another queue, whose leader is another node', () => {
    vi.advanceTimersByTime(1001);
    frozen.confirmed(sent('other'));
    expect(frozen.among([connection, other])).toEqual([]);
  });

  it('is not given up while it confirms others, however late: then it is slow', () => {
    vi.advanceTimersByTime(900);
    connection.confirms();
    vi.advanceTimersByTime(900);
    frozen.confirmed(sent());
    expect(frozen.among([connection, other])).toEqual([]);
    vi.advanceTimersByTime(101);
    expect(frozen.among([connection, other])).toEqual([connection]);
  });
});
