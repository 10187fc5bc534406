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
  const other = new FakeConnection();

  beforeEach(() => {
    vi.useFakeTimers();
    frozen = new FrozenNodes();
    connection = new FakeConnection(sent());
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('does not answer when it is mute while another had a much later one confirmed', () => {
    vi.advanceTimersByTime(1001);
    frozen.confirmed(sent());
    expect(frozen.among([connection, other])).toEqual([connection]);
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
