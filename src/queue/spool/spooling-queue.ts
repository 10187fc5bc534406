import { SluiceError } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import type { Logger } from '../../core/logger.ts';
import type { Address } from '../../core/message.ts';
import type { ConsumeOptions, Consumer, Delivery, Outgoing, Queue, QueueDepth } from '../queue.ts';
import { Forwarder } from './forwarder.ts';

export interface SpoolingQueueOptions {
  /** The queue that everything is to end up in. */
  readonly target: Queue;
  /** A queue on the disk of this process. */
  readonly spool: Queue;
  readonly logger: Logger;
  /** A publish that `target` has not confirmed within this time is spooled. Default 500 ms. */
  readonly confirmWithinMs?: number;
}

const CONFIRM_WITHIN_MS = 500;

/**
 * Store and forward: what `target` does not confirm in time is kept on this disk, and so is what comes after it, until
 * `target` takes something again; then it is forwarded, in the order it came, beside what comes new. A message that
 * `target` confirms too late is in both and forwarded once more; the claim drops one of them.
 */
export class SpoolingQueue implements Queue {
  readonly maxMessageBytes: number;
  readonly #target: Queue;
  readonly #spool: Queue;
  readonly #confirmWithinMs: number;
  readonly #forwarder: Forwarder;

  private constructor({ target, spool, logger, confirmWithinMs = CONFIRM_WITHIN_MS }: SpoolingQueueOptions) {
    this.#target = target;
    this.#spool = spool;
    this.#confirmWithinMs = confirmWithinMs;
    this.#forwarder = new Forwarder(target, spool, logger);
    this.maxMessageBytes = Math.min(target.maxMessageBytes, spool.maxMessageBytes);
  }

  /** Takes up what an earlier process has left in the spool. */
  static async open(options: SpoolingQueueOptions): Promise<SpoolingQueue> {
    const queue = new SpoolingQueue(options);
    await queue.#forwarder.begin();
    return queue;
  }

  /** Messages that wait on this disk. */
  get spooled(): number {
    return this.#forwarder.left;
  }

  async publish(messages: readonly Outgoing[]): Promise<'disk' | void> {
    if (!this.#forwarder.isAway(messages)) {
      if (await this.#confirmed(messages)) return;
      this.#forwarder.tookTooLong(messages);
    }
    await this.#forwarder.store(messages);
    return 'disk';
  }

  consume(
    address: Address,
    options: ConsumeOptions,
    onBatch: (deliveries: Delivery[]) => void,
  ): Promise<Consumer> {
    return this.#target.consume(address, options, onBatch);
  }

  depth(): Promise<QueueDepth> {
    return this.#target.depth();
  }

  async health(): Promise<Health> {
    return { ...(await this.#target.health()), spooled: this.spooled };
  }

  /** Waits until everything is forwarded, for so long at most; returns how many messages are left. */
  drain(withinMs: number): Promise<number> {
    return this.#forwarder.drain(withinMs);
  }

  /** What is left in the spool stays there. */
  async close(): Promise<void> {
    await this.#forwarder.close();
    await this.#spool.close();
    await this.#target.close();
  }

  /** @throws SluiceError where `target` says that it will not take them */
  async #confirmed(messages: readonly Outgoing[]): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), this.#confirmWithinMs);
    });
    const taken = this.#target.publish(messages).then(
      () => true,
      (error: unknown) => {
        if (SluiceError.is(error, 'SLUICE_QUEUE_UNAVAILABLE')) return false;
        throw error;
      },
    );
    try {
      return await Promise.race([taken, late]);
    } finally {
      clearTimeout(timer);
      // Nobody waits for what it says once it is late.
      taken.catch(() => undefined);
    }
  }
}
