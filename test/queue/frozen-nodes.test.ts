import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrozenNodes } from '../../src/queue/rabbitmq/frozen-nodes.ts';
import { PublishCall } from '../../src/queue/rabbitmq/publish-call.ts';
import type { PublisherConnection } from '../../src/queue/rabbitmq/publisher-connection.ts';
import type { Sent } from '../../src/queue/rabbitmq/publisher-channel.ts';

function sent(queue = 'q'): Sent {
  const message = { call: new PublishCall(1, Infinity), queue, body: Buffer.alloc(0) };
  return { message, at: performance.now() };
}

describe('a connection with a message that is not confirmed', () => {
  let frozen: FrozenNodes;
  let connection: PublisherConnection;
  let told: { underWay: Sent[]; bytesRead: number };

  beforeEach(() => {
    vi.useFakeTimers();
    frozen = new FrozenNodes();
    told = { underWay: [sent()], bytesRead: 100 };
    connection = told as unknown as PublisherConnection;
    frozen.among([connection]);
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('is at a frozen node when it is silent while another had a much later one confirmed', () => {
    vi.advanceTimersByTime(1001);
    frozen.confirmed(sent());
    expect(frozen.among([connection])).toEqual([connection]);
  });

  it('is not while the others are as late', () => {
    frozen.confirmed(sent());
    vi.advanceTimersByTime(60_000);
    expect(frozen.among([connection])).toEqual([]);
  });

  it('is not by what was confirmed of another queue, whose leader is another node', () => {
    vi.advanceTimersByTime(1001);
    frozen.confirmed(sent('other'));
    expect(frozen.among([connection])).toEqual([]);
  });

  it('is not while something is heard of it, but for so long', () => {
    vi.advanceTimersByTime(1001);
    told.bytesRead += 8;
    frozen.confirmed(sent());
    expect(frozen.among([connection])).toEqual([]);
    vi.advanceTimersByTime(4000);
    told.bytesRead += 8;
    frozen.confirmed(sent());
    expect(frozen.among([connection])).toEqual([connection]);
  });
});
