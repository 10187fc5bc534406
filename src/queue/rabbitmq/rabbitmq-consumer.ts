import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Address } from '../../core/message.ts';
import type { Random } from '../../core/random.ts';
import type { Consumer, Delivery } from '../queue.ts';
import { Backoff } from './backoff.ts';
import { ConsumerChannel } from './consumer-channel.ts';
import type { Link } from './link.ts';

export interface RabbitmqConsumerOptions {
  readonly address: Address;
  readonly queue: string;
  readonly prefetch: number;
  readonly onBatch: (deliveries: Delivery[]) => void;
  readonly link: Link;
  /** Makes the queue anew where it was deleted meanwhile. */
  readonly redeclare: (queue: string, signal: AbortSignal) => Promise<void>;
  readonly random: Random;
  readonly logger: Logger;
  readonly onClosed: () => void;
}

/** One try to get a connection; then it is tried again. */
const CONNECTED_WITHIN_MS = 10_000;

/** A consumer that goes on, on another connection, when the one it is on dies. */
export class RabbitmqConsumer implements Consumer {
  readonly #options: RabbitmqConsumerOptions;
  readonly #closing = new AbortController();
  /** Held by a channel when it ended: acknowledging them says nothing any more. */
  readonly #void = new WeakSet<Delivery>();
  #channel: ConsumerChannel | undefined;
  #consuming: Promise<void> | undefined;

  private constructor(options: RabbitmqConsumerOptions) {
    this.#options = options;
  }

  /** Resolves when messages can come. Rejects when the first try fails. */
  static async open(options: RabbitmqConsumerOptions): Promise<RabbitmqConsumer> {
    const consumer = new RabbitmqConsumer(options);
    const channel = await consumer.#open();
    consumer.#consuming = consumer.#keepConsuming(channel);
    return consumer;
  }

  get address(): Address {
    return this.#options.address;
  }

  get open(): boolean {
    return this.#channel?.open === true;
  }

  /** How many messages it holds. */
  get unacknowledged(): number {
    return this.#channel?.outstanding ?? 0;
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    try {
      await this.#channel?.ack(deliveries);
    } catch (thrown) {
      throw new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: messageOf(thrown) }, { cause: thrown });
    }
    if (!deliveries.some((delivery) => this.#void.has(delivery))) return;
    const reason = 'the connection that delivered these messages has ended, so they are delivered again';
    throw new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason });
  }

  giveBack(deliveries: readonly Delivery[]): void {
    try {
      this.#channel?.giveBack(deliveries);
    } catch {
      // The channel has ended, and has given back everything.
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#channel?.close();
    await this.#consuming;
  }

  async #keepConsuming(first: ConsumerChannel): Promise<void> {
    const { random, logger, queue, redeclare, onClosed } = this.#options;
    const { signal } = this.#closing;
    const backoff = new Backoff(random);
    let channel: ConsumerChannel | undefined = first;
    while (!signal.aborted) {
      try {
        if (!channel) await redeclare(queue, signal);
        channel ??= await this.#open();
        backoff.reset();
        await channel.ended;
        this.#channel = undefined;
        for (const delivery of channel.held) this.#void.add(delivery);
        if (!signal.aborted) logger.warn('a consumer was cut off, and begins anew', { queue });
      } catch (error) {
        logger.debug('a consumer can not begin', { queue, reason: messageOf(error) });
      }
      channel = undefined;
      await backoff.pause(signal);
    }
    onClosed();
  }

  async #open(): Promise<ConsumerChannel> {
    const model = await this.#options.link.connected(CONNECTED_WITHIN_MS, this.#closing.signal);
    const channel = await ConsumerChannel.open(model, this.#options);
    this.#channel = channel;
    if (this.#closing.signal.aborted) await channel.close();
    return channel;
  }
}
