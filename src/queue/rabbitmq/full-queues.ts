import { within } from '../../core/deadline.ts';
import type { PublisherChannel } from './publisher-channel.ts';

/** What the refusal of one message tells. */
export interface Refusal {
  readonly queue: string;
  readonly channel: Pick<PublisherChannel, 'hasConfirmed' | 'openedAt'>;
}

/** How long a queue that holds messages is taken to have a leader. */
const LEADER_MS = 5000;
/** Whoever publishes waits meanwhile. */
const ANSWER_WITHIN_MS = 500;

/**
 * Tells full queues from queues without a leader: both refuse, and RabbitMQ does not say why. A channel on which the queue
 * has confirmed before knows its leader, so the queue is full. Otherwise the queue is asked how much it holds, which is
 * nothing without a leader; and where it holds something, what a channel says that was opened only then is true.
 */
export class FullQueues {
  readonly #countReady: (queue: string) => Promise<number>;
  readonly #holdingSince = new Map<string, number>();
  readonly #asking = new Map<string, Promise<number>>();

  /** @param countReady how many messages wait in a queue */
  constructor(countReady: (queue: string) => Promise<number>) {
    this.#countReady = countReady;
  }

  /** False where the message should be tried on another channel. Never rejects. */
  async isFull({ queue, channel }: Refusal): Promise<boolean> {
    if (channel.hasConfirmed(queue)) return true;
    if ((await this.#ask(queue)) === 0) {
      this.#holdingSince.delete(queue);
      return false;
    }
    const now = performance.now();
    const since = this.#holdingSince.get(queue) ?? -Infinity;
    if (now - since > LEADER_MS) this.#holdingSince.set(queue, now);
    return now - since <= LEADER_MS && channel.openedAt > since;
  }

  /** One question at a time for each queue. A node that is frozen, and may be the one that is asked, tells nothing. */
  #ask(queue: string): Promise<number> {
    const asked = this.#asking.get(queue) ?? this.#begin(queue);
    return within(ANSWER_WITHIN_MS, asked).catch(() => 0);
  }

  #begin(queue: string): Promise<number> {
    const asked = this.#countReady(queue)
      .catch(() => 0)
      .finally(() => this.#asking.delete(queue));
    this.#asking.set(queue, asked);
    return asked;
  }
}
