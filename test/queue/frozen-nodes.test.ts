import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrozenNodes } from '../../src/queue/rabbitmq/frozen-nodes.ts';
import { PublishCall } from '../../src/queue/rabbitmq/publish-call.ts';
import type { PublisherConnection } from '../../src/queue/rabbitmq/publisher-connection.ts';
import type { Sent } from '../../src/queue/rabbitmq/publisher-channel.ts';

function sent(queue = 'q'): Sent {
  const message = { call: new PublishCall([queue], Infinity), queue, body: Buffer.alloc(0) };
  return { message, at: performance.now() };
}

function connectionWith(...underWay: readonly Sent[]): PublisherConnection {
  const oldestUnderWay = new Map(underWay.map(({ message, at }) => [message.queue, at]));
  return { oldestUnderWay } as unknown as PublisherConnection;
}

describe('a connection with a message that is not confirmed', () => {
  let frozen: FrozenNodes;
  let connection: PublisherConnection;
  const other = connectionWith();

  beforeEach(() => {
    vi.useFakeTimers();
    frozen = new FrozenNodes();
    connection = connectionWith(sent());
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('does not answer when it is mute while another had a much later one confirmed', () => {
    vi.advanceTimersByTime(1001);
    frozen.confirmed(sent(), other);
    expect(frozen.among([connection, other])).toEqual([connection]);
  });

  it('is not given up while the others are as late', () => {
    frozen.confirmed(sent(), other);
    vi.advanceTimersByTime(60_000);
    expect(frozen.among([connection, other])).toEqual([]);
  });

  it('is not given up by what was confirmed of another queue, whose leader is another node', () => {
    vi.advanceTimersByTime(1001);
    frozen.confirmed(sent('other'), other);
    expect(frozen.among([connection, other])).toEqual([]);
  });

  it('is not given up while it confirms others, however late: then it is slow', () => {
    const early = sent();
    vi.advanceTimersByTime(900);
    frozen.confirmed(early, connection);
    vi.advanceTimersByTime(900);
    frozen.confirmed(sent(), other);
    expect(frozen.among([connection, other])).toEqual([]);
    vi.advanceTimersByTime(101);
    expect(frozen.among([connection, other])).toEqual([connection]);
  });
});
