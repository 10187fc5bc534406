import { DeadlinePassed, within } from '../../core/deadline.ts';
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
 * `target` answers again; then it is forwarded, oldest first, beside what comes new. A message that `target` confirms too
 * late is in both and forwarded once more; the claim drops one of them. Where the disk fails or hangs, `target` alone
 * decides.
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

  publish(messages: readonly Outgoing[]): Promise<'disk' | void> {
    return this.#forwarder.isAway(messages) ? this.#diskFirst(messages) : this.#targetFirst(messages);
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

  /** Of `target`, and of the spool: either of them may be what has confirmed. */
  async health(): Promise<Health> {
    const [target, disk] = await Promise.all([this.#target.health(), this.#forwarder.health()]);
    const reasons = [target.reason, disk.reason === undefined ? undefined : `the spool: ${disk.reason}`];
    const reason = reasons.filter((one) => one !== undefined).join('; ');
    const { tooLarge } = this.#forwarder;
    return {
      ...target,
      ok: target.ok && disk.ok,
      durable: target.durable && disk.durable,
      durability: `${target.durability}; with the spool, to this disk alone where the queue does not confirm in time`,
      ...(reason === '' ? {} : { reason }),
      spooled: this.spooled,
      ...(tooLarge === 0 ? {} : { tooLarge }),
    };
  }

  /** Waits until everything is forwarded that `target` takes, for so long at most. */
  drain(withinMs: number): Promise<void> {
    return this.#forwarder.drain(withinMs);
  }

  /** What is left in the spool stays there, and `spooled` tells how much that is. */
  async close(): Promise<void> {
    await this.#forwarder.close();
    await this.#spool.close();
    await this.#target.close();
  }

  /** @throws SluiceError where `target` says that it will not take them */
  async #targetFirst(messages: readonly Outgoing[]): Promise<'disk' | void> {
    const asked = this.#target.publish(messages);
    const taken = asked.then(yes, (error: unknown) => {
      if (isRefusal(error)) throw error;
      return false;
    });
    if (await this.#inTime(taken)) return undefined;
    this.#forwarder.tookTooLong(messages);
    return eitherOf(asked, this.#store(messages));
  }

  /** @throws SluiceError `SLUICE_MESSAGE_TOO_LARGE` for what `target` would not take later, either */
  async #diskFirst(messages: readonly Outgoing[]): Promise<'disk' | void> {
    const limit = this.#target.maxMessageBytes;
    const bytes = Math.max(...messages.map(({ body }) => Buffer.byteLength(body)));
    if (bytes > limit) throw new SluiceError('SLUICE_MESSAGE_TOO_LARGE', { bytes, limit });
    const stored = this.#store(messages);
    if (await this.#inTime(stored.then(yes, () => false))) return 'disk';
    const asked = this.#target.publish(messages).then(() => this.#forwarder.took(messages));
    return eitherOf(asked, stored);
  }

  async #store(messages: readonly Outgoing[]): Promise<'disk'> {
    await this.#forwarder.store(messages);
    return 'disk';
  }

  #inTime(success: Promise<boolean>): Promise<boolean> {
    return within(this.#confirmWithinMs, success).catch((error: unknown) => {
      if (error instanceof DeadlinePassed) return false;
      throw error;
    });
  }
}

/**
 * The first success of the two.
 * @throws SluiceError when both have failed
 */
async function eitherOf(asked: Promise<void | 'disk'>, stored: Promise<'disk'>): Promise<'disk' | void> {
  try {
    return await Promise.any([asked, stored]);
  } catch (thrown) {
    const [ofTarget, ofDisk] = (thrown as AggregateError).errors as readonly unknown[];
    // That nothing was stored may be said only where neither has it.
    throw isRefusal(ofTarget) && !isRefusal(ofDisk) ? ofDisk : ofTarget;
  }
}

/** After these two nothing was stored. */
function isRefusal(error: unknown): boolean {
  return SluiceError.is(error, 'SLUICE_QUEUE_FULL') || SluiceError.is(error, 'SLUICE_MESSAGE_TOO_LARGE');
}

function yes(): true {
  return true;
}
