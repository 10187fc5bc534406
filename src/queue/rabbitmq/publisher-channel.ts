import type { ChannelModel, ConfirmChannel, Message } from 'amqplib';
import type { Outbound } from './publish-call.ts';

export interface ChannelEvents {
  /** A majority has it on disk. */
  confirmed(message: Outbound): void;
  /** Not stored: the queue is full, or has no leader. */
  refused(message: Outbound): void;
  /** Not stored: there is no such queue. */
  unroutable(message: Outbound): void;
  /** The channel has ended; these were under way, and `error` is what the server said, if anything. */
  ended(channel: PublisherChannel, underWay: Outbound[], error: Error | undefined): void;
  /** The server takes no messages for the time being; these were under way. */
  blocked(underWay: Outbound[]): void;
  unblocked(): void;
}

/** Durable, and sent back where its queue does not exist: it would be confirmed, and gone, otherwise. */
const OPTIONS = { persistent: true, mandatory: true };

/** A channel that publishes, on one connection, and knows what is not confirmed yet. */
export class PublisherChannel {
  readonly #model: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #events: ChannelEvents;
  /** By delivery tag, in the order of sending. */
  readonly #unconfirmed = new Map<number, Outbound>();
  readonly #returned = new Set<Outbound>();
  #lastTag = 0;
  #open = true;
  #blocked: string | undefined;

  private constructor(model: ChannelModel, channel: ConfirmChannel, events: ChannelEvents) {
    this.#model = model;
    this.#channel = channel;
    this.#events = events;
  }

  static async open(model: ChannelModel, events: ChannelEvents): Promise<PublisherChannel> {
    const channel = await model.createConfirmChannel();
    const publisher = new PublisherChannel(model, channel, events);
    publisher.#listen();
    return publisher;
  }

  /** Why the server takes no messages; undefined while it does. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** True while messages can be sent. */
  get usable(): boolean {
    return this.#open && this.#blocked === undefined;
  }

  get inFlight(): number {
    return this.#unconfirmed.size;
  }

  /** False where the channel has ended: then it was not sent. */
  send(message: Outbound): boolean {
    if (!this.#open) return false;
    try {
      this.#channel.publish('', message.queue, message.body, OPTIONS);
    } catch {
      // It is being closed, and will say so.
      this.#open = false;
      return false;
    }
    this.#lastTag += 1;
    this.#unconfirmed.set(this.#lastTag, message);
    return true;
  }

  #listen(): void {
    let error: Error | undefined;
    this.#channel.on('ack', ({ deliveryTag, multiple }) => {
      for (const message of this.#take(deliveryTag, multiple)) this.#acknowledged(message);
    });
    this.#channel.on('nack', ({ deliveryTag, multiple }) => {
      for (const message of this.#take(deliveryTag, multiple)) this.#events.refused(message);
    });
    this.#channel.on('return', (message: Message) => this.#noteReturned(message));
    this.#channel.on('error', (thrown) => {
      error = thrown;
    });
    this.#channel.on('close', () => {
      this.#open = false;
      this.#events.ended(this, this.#takeAll(), error);
      // The server closes a channel alone where it objects to what was sent; the connection is made anew with it. Later,
      // since the library may be in the midst of ending it.
      setImmediate(() => void this.#model.close().catch(() => undefined));
    });
    this.#model.on('blocked', (reason) => {
      this.#blocked = reason;
      this.#events.blocked(this.#takeAll());
    });
    this.#model.on('unblocked', () => {
      this.#blocked = undefined;
      this.#events.unblocked();
    });
  }

  #acknowledged(message: Outbound): void {
    if (this.#returned.delete(message)) this.#events.unroutable(message);
    else this.#events.confirmed(message);
  }

  /** What is returned is acknowledged right after, and bears no tag. */
  #noteReturned({ fields, content }: Message): void {
    for (const message of this.#unconfirmed.values()) {
      const same = message.queue === fields.routingKey && message.body.equals(content);
      if (same && !this.#returned.has(message)) {
        this.#returned.add(message);
        return;
      }
    }
  }

  #take(upTo: number, multiple: boolean): Outbound[] {
    if (!multiple) {
      const message = this.#unconfirmed.get(upTo);
      this.#unconfirmed.delete(upTo);
      return message ? [message] : [];
    }
    const taken: Outbound[] = [];
    for (const [tag, message] of this.#unconfirmed) {
      if (tag > upTo) break;
      this.#unconfirmed.delete(tag);
      taken.push(message);
    }
    return taken;
  }

  #takeAll(): Outbound[] {
    const all = [...this.#unconfirmed.values()];
    this.#unconfirmed.clear();
    return all;
  }
}
