import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import { NOT_FOUND, replyCode, withChannel } from './channel.ts';

/** RabbitMQ gives the leader 250 ms to tell its counts, and then says that they are nothing. */
const ANSWER_MS = 200;
/** What was found holds for so long. */
const FRESH_MS = 500;
const AGAIN_AFTER_MS = 250;

/**
 * Whether the node of one connection knows a leader of a queue that answers. It has to be asked before the first message:
 * with that, a channel asks the leader that was last written down, and waits for it without any limit of time. While a
 * frozen node counts as running (`net_ticktime`, 60 s by default), that may be the frozen one (seen with 3.10).
 */
export class LeaderCheck {
  readonly #model: ChannelModel;
  readonly #onFound: (queue: string) => void;
  /** Of `performance.now()`, by queue. */
  readonly #foundAt = new Map<string, number>();
  readonly #asking = new Set<string>();
  /** The way to the node and back, at its shortest. */
  #wayMs = Infinity;
  #ended = false;

  constructor(model: ChannelModel, onFound: (queue: string) => void) {
    this.#model = model;
    this.#onFound = onFound;
    model.once('close', () => {
      this.#ended = true;
    });
  }

  /** True where one answered just now. */
  found(queue: string): boolean {
    return performance.now() - (this.#foundAt.get(queue) ?? -Infinity) < FRESH_MS;
  }

  /** Asks until one answers. */
  ask(queue: string): void {
    if (this.#asking.has(queue) || this.found(queue)) return;
    this.#asking.add(queue);
    void this.#ask(queue);
  }

  async #ask(queue: string): Promise<void> {
    while (!this.#ended && !(await this.#answers(queue))) await sleep(AGAIN_AFTER_MS);
    this.#asking.delete(queue);
    if (this.#ended) return;
    this.#foundAt.set(queue, performance.now());
    this.#onFound(queue);
  }

  /** Never rejects. */
  async #answers(queue: string): Promise<boolean> {
    try {
      const begun = performance.now();
      return await withChannel(this.#model, async (channel) => {
        const opened = performance.now();
        this.#wayMs = Math.min(this.#wayMs, opened - begun);
        const { messageCount, consumerCount } = await channel.checkQueue(queue);
        const tookMs = performance.now() - opened - this.#wayMs;
        return messageCount + consumerCount > 0 || tookMs < ANSWER_MS;
      });
    } catch (thrown) {
      // A message to a queue that is not there comes back, and makes it anew.
      return replyCode(thrown) === NOT_FOUND;
    }
  }
}
