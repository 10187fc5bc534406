import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Address } from '../../core/message.ts';
import type { Delivery } from '../queue.ts';

export interface ConsumerChannelOptions {
  readonly address: Address;
  readonly queue: string;
  readonly prefetch: number;
  readonly onBatch: (deliveries: Delivery[]) => void;
}

/** One consumer on one connection, and what it holds. All of it is another's once the channel has ended. */
export class ConsumerChannel {
  /** Resolves when the channel has ended, whoever ended it. */
  readonly ended: Promise<void>;
  readonly #channel: Channel;
  readonly #options: ConsumerChannelOptions;
  /** In the order of their delivery tags. */
  readonly #outstanding = new Map<Delivery, ConsumeMessage>();
  #batch: Delivery[] = [];
  #lastAnswer: Promise<unknown> | undefined;
  #open = true;

  private constructor(channel: Channel, options: ConsumerChannelOptions) {
    this.#channel = channel;
    this.#options = options;
    // What the server objects to is told by the end.
    channel.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      channel.once('close', () => {
        this.#open = false;
        resolve();
      });
    });
  }

  static async open(model: ChannelModel, options: ConsumerChannelOptions): Promise<ConsumerChannel> {
    const channel = await model.createChannel();
    const consumer = new ConsumerChannel(channel, options);
    await channel.prefetch(options.prefetch);
    await channel.consume(options.queue, (message) => consumer.#receive(message));
    return consumer;
  }

  get open(): boolean {
    return this.#open;
  }

  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** The deliveries that are void once this has ended. */
  get held(): Iterable<Delivery> {
    return this.#outstanding.keys();
  }

  /**
   * Resolves when the server has read the acknowledgements; one that is killed in the next moment may still deliver the
   * messages again. Rejects when the channel has ended before.
   */
  async ack(deliveries: readonly Delivery[]): Promise<void> {
    const some = this.#settle(deliveries, (message, upTo) => this.#channel.ack(message, upTo));
    // Acknowledgements are not answered, but what follows them is answered after they are read. It changes nothing here:
    // the prefetch of a consumer is the one of its beginning.
    if (!some) return;
    this.#lastAnswer = this.#channel.prefetch(this.#options.prefetch);
    await this.#lastAnswer;
  }

  /** @throws when the channel has ended */
  giveBack(deliveries: readonly Delivery[]): void {
    this.#settle(deliveries, (message, upTo) => this.#channel.nack(message, upTo, true));
  }

  /** Ends the flow; what is outstanding goes back into the queue. */
  async close(): Promise<void> {
    this.#open = false;
    // The library drops the answers that come after this.
    await this.#lastAnswer?.catch(() => undefined);
    // Not answered when the connection dies meanwhile.
    this.#channel.close().catch(() => undefined);
    await this.ended;
  }

  #receive(message: ConsumeMessage | null): void {
    // The server cancels the consumer when the queue is deleted, for one.
    if (!message) void this.close();
    if (!message || !this.#open) return;
    const delivery: Delivery = { address: this.#options.address, body: message.content.toString() };
    this.#outstanding.set(delivery, message);
    // One batch of all that came in one turn; and not before the caller knows the consumer that it came to.
    if (this.#batch.length === 0) setImmediate(() => this.#deliver());
    this.#batch.push(delivery);
  }

  #deliver(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (this.#open) this.#options.onBatch(batch);
  }

  /** Those that all older ones are settled with go in one frame. False when none of them is outstanding. */
  #settle(deliveries: readonly Delivery[], send: (message: ConsumeMessage, upTo: boolean) => void): boolean {
    const wanted = new Set(deliveries);
    let last: ConsumeMessage | undefined;
    for (const [delivery, message] of this.#outstanding) {
      if (!wanted.delete(delivery)) break;
      this.#outstanding.delete(delivery);
      last = message;
    }
    if (last) send(last, true);
    let some = last !== undefined;
    for (const delivery of wanted) {
      const message = this.#outstanding.get(delivery);
      if (!message) continue;
      this.#outstanding.delete(delivery);
      send(message, false);
      some = true;
    }
    return some;
  }
}
