import type { ChannelModel, ConfirmChannel, Message } from 'amqplib';
import type { Outbound } from './publish-call.ts';

export interface ChannelEvents {
  /** A majority has it on disk. */
  confirmed(sent: Sent): void;
  /** Not stored: the queue is full, or has no leader. */
  refused(message: Outbound, channel: PublisherChannel): void;
  /** Not stored: there is no such queue. */
  unroutable(message: Outbound): void;
  /** The channel has ended; these were under way, and `error` is what the server said, if anything. */
  ended(channel: PublisherChannel, underWay: Outbound[], error: Error | undefined): void;
}

/** A message on its way. */
export interface Sent {
  readonly message: Outbound;
  /** Of `performance.now()`. */
  readonly at: number;
}

/** Durable, and sent back where its queue does not exist: it would be confirmed, and gone, otherwise. */
const OPTIONS = { persistent: true, mandatory: true };

/** A channel that publishes, and knows what is not confirmed yet. */
export class PublisherChannel {
  /** Of `performance.now()`. */
  readonly openedAt: number = performance.now();
  readonly #channel: ConfirmChannel;
  readonly #events: ChannelEvents;
  /** By delivery tag, in the order of sending. */
  readonly #unconfirmed = new Map<number, Sent>();
  readonly #returned = new Set<Outbound>();
  /** When each queue confirmed something last, of `performance.now()`. */
  readonly #confirmedAt = new Map<string, number>();
  #lastTag = 0;
  #open = true;
  #retired = false;

  private constructor(channel: ConfirmChannel, events: ChannelEvents) {
    this.#channel = channel;
    this.#events = events;
  }

  static async open(model: ChannelModel, events: ChannelEvents): Promise<PublisherChannel> {
    const channel = await model.createConfirmChannel();
    const publisher = new PublisherChannel(channel, events);
    publisher.#listen();
    return publisher;
  }

  /** True while messages can be sent. */
  get usable(): boolean {
    return this.#open && !this.#retired;
  }

  get inFlight(): number {
    return this.#unconfirmed.size;
  }

  /** True when a message to `queue` was confirmed here: the channel knows the queue's leader since. */
  hasConfirmed(queue: string): boolean {
    return this.#confirmedAt.has(queue);
  }

  /** When a message to `queue` was confirmed here last, of `performance.now()`; -Infinity before the first. */
  confirmedAt(queue: string): number {
    return this.#confirmedAt.get(queue) ?? -Infinity;
  }

  /** What is not confirmed yet, in the order of sending. */
  get underWay(): Iterable<Sent> {
    return this.#unconfirmed.values();
  }

  /** False where the channel has ended: then it was not sent. */
  send(message: Outbound): boolean {
    if (!this.usable) return false;
    try {
      this.#channel.publish('', message.queue, message.body, OPTIONS);
    } catch {
      // It is being closed, and will say so.
      this.#open = false;
      return false;
    }
    this.#lastTag += 1;
    this.#unconfirmed.set(this.#lastTag, { message, at: performance.now() });
    return true;
  }

  /** Takes no more messages, and closes when the last is answered. */
  retire(): void {
    this.#retired = true;
    this.#closeWhenDone();
  }

  /** Forgets what is under way, whose answers are ignored from now on. */
  takeAll(): Outbound[] {
    const all = [...this.#unconfirmed.values()].map(({ message }) => message);
    this.#unconfirmed.clear();
    return all;
  }

  #listen(): void {
    let error: Error | undefined;
    this.#channel.on('ack', ({ deliveryTag, multiple }) => {
      for (const sent of this.#take(deliveryTag, multiple)) this.#acknowledged(sent);
      this.#closeWhenDone();
    });
    this.#channel.on('nack', ({ deliveryTag, multiple }) => {
      for (const { message } of this.#take(deliveryTag, multiple)) this.#events.refused(message, this);
      this.#closeWhenDone();
    });
    this.#channel.on('return', (message: Message) => this.#noteReturned(message));
    this.#channel.on('error', (thrown) => {
      error = thrown;
    });
    this.#channel.on('close', () => {
      this.#open = false;
      this.#events.ended(this, this.takeAll(), error);
    });
  }

  #acknowledged(sent: Sent): void {
    const { message } = sent;
    if (this.#returned.delete(message)) {
      this.#confirmedAt.delete(message.queue);
      this.#events.unroutable(message);
    } else {
      this.#confirmedAt.set(message.queue, performance.now());
      this.#events.confirmed(sent);
    }
  }

  /** What is returned is acknowledged right after, and bears no tag. */
  #noteReturned({ fields, content }: Message): void {
    for (const { message } of this.#unconfirmed.values()) {
      const same = message.queue === fields.routingKey && message.body.equals(content);
      if (same && !this.#returned.has(message)) {
        this.#returned.add(message);
        return;
      }
    }
  }

  #take(upTo: number, multiple: boolean): Sent[] {
    if (!multiple) {
      const sent = this.#unconfirmed.get(upTo);
      this.#unconfirmed.delete(upTo);
      return sent ? [sent] : [];
    }
    const taken: Sent[] = [];
    for (const [tag, sent] of this.#unconfirmed) {
      if (tag > upTo) break;
      this.#unconfirmed.delete(tag);
      taken.push(sent);
    }
    return taken;
  }

  #closeWhenDone(): void {
    if (!this.#retired || !this.#open || this.#unconfirmed.size > 0) return;
    this.#open = false;
    this.#channel.close().catch(() => undefined);
  }
}
