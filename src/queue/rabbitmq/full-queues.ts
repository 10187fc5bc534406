import type { Clock } from '../../core/clock.ts';
import type { Outbound } from './publish-call.ts';

/** How long a queue that was found full is believed to be, so that not every message has to be refused twice. */
const BELIEVED_MS = 1000;

/**
 * Tells full queues from queues without a leader. Both refuse, and RabbitMQ does not say why; but one without a leader
 * counts as empty, and one that is empty is not full. A refusal from before the leader was there may be found out after,
 * hence the second.
 */
export class FullQueues {
  readonly #clock: Clock;
  readonly #countReady: (queue: string) => Promise<number>;
  readonly #believedUntil = new Map<string, number>();
  readonly #asking = new Map<string, Promise<number>>();

  constructor(clock: Clock, countReady: (queue: string) => Promise<number>) {
    this.#clock = clock;
    this.#countReady = countReady;
  }

  async isFull({ queue, refusals }: Pick<Outbound, 'queue' | 'refusals'>): Promise<boolean> {
    const holdsMessages = (await this.#ask(queue)) > 0;
    const now = this.#clock.now();
    const believed = (this.#believedUntil.get(queue) ?? 0) > now;
    const full = holdsMessages && (believed || refusals > 1);
    if (full) this.#believedUntil.set(queue, now + BELIEVED_MS);
    else if (!holdsMessages) this.#believedUntil.delete(queue);
    return full;
  }

  /** One question at a time for each queue. */
  async #ask(queue: string): Promise<number> {
    const under = this.#asking.get(queue);
    if (under) return under;
    const asked = this.#countReady(queue).catch(() => 0);
    this.#asking.set(queue, asked);
    try {
      return await asked;
    } finally {
      this.#asking.delete(queue);
    }
  }
}
