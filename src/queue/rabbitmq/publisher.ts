import type { ChannelModel } from 'amqplib';
import { SluiceError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import { CallDeadlines } from './call-deadlines.ts';
import type { Outbound, PublishCall } from './publish-call.ts';
import { type ChannelEvents, PublisherChannel } from './publisher-channel.ts';

export interface PublisherOptions {
  /** A call that is not settled after this time is rejected. */
  readonly deadlineMs: number;
  readonly random: Random;
  /** Tells a full queue from one without a leader, for a message that was refused. Never rejects. */
  readonly isFull: (message: Outbound) => Promise<boolean>;
  /** Makes a queue that was deleted anew. Rejects where it can not. */
  readonly redeclare: (queue: string) => Promise<void>;
  /** Why no connection is up. */
  readonly failure: () => string;
}

/** What is refused is sent again after this time, and up to as much more. */
const RESEND_AFTER_MS = 100;
const TOO_LARGE = /larger than configured max size (\d+)/;

/**
 * Sends messages over the channels that are open, until each is confirmed or the time of its call is up. A message is
 * sent again when it was refused, or when its connection died under it, and never for want of an answer: a live server
 * answers in the end, and sending again would only add to its load.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #channels = new Set<PublisherChannel>();
  readonly #calls: CallDeadlines;
  /** The channel of this turn of the event loop, so that what is published in it stays in order. */
  #current: PublisherChannel | undefined;
  #chosen = false;
  /** No channel is open for them. */
  readonly #waiting = new Set<Outbound>();

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#calls = new CallDeadlines(options.deadlineMs, () => this.#unavailable());
  }

  /** How many connections take messages. */
  get connections(): number {
    return [...this.#channels].filter(({ usable }) => usable).length;
  }

  /** Why messages are not taken, or not confirmed. */
  get failure(): string {
    if (this.connections > 0) return 'RabbitMQ did not confirm in time';
    const blocked = this.#blocked;
    return blocked === undefined ? this.#options.failure() : `RabbitMQ blocks publishing: ${blocked}`;
  }

  /** Uses one more connection, until it ends. */
  async use(model: ChannelModel): Promise<void> {
    const channel = await PublisherChannel.open(model, this.#events);
    this.#channels.add(channel);
    this.#sendWaiting();
  }

  /**
   * Begins a call of so many messages, each of which has to be sent. It may reject with `SLUICE_QUEUE_UNAVAILABLE`,
   * `SLUICE_QUEUE_FULL`, or `SLUICE_MESSAGE_TOO_LARGE` for this server.
   */
  begin(messages: number): PublishCall {
    return this.#calls.begin(messages);
  }

  send(call: PublishCall, queue: string, body: Buffer): void {
    this.#send({ call, queue, body, refusals: 0 });
  }

  /** Resolves when every call is settled. */
  drained(): Promise<void> {
    return this.#calls.none();
  }

  readonly #events: ChannelEvents = {
    confirmed: ({ call }) => call.settled('stored'),
    refused: (message) => void this.#refused(message),
    unroutable: (message) => void this.#unroutable(message),
    ended: (channel, underWay, error) => this.#ended(channel, underWay, error),
    blocked: (underWay) => {
      for (const { call } of underWay) call.fail(this.#unavailable());
    },
    unblocked: () => this.#sendWaiting(),
  };

  #send(message: Outbound): void {
    if (!message.call.open) return;
    for (let channel = this.#choose(); channel; channel = this.#choose()) {
      if (channel.send(message)) return;
    }
    if (this.#blocked !== undefined) message.call.fail(this.#unavailable());
    else this.#wait(message);
  }

  /** Until a connection is up; or its time, and with it that of all that waits longer. */
  #wait(message: Outbound): void {
    this.#waiting.add(message);
    for (const oldest of this.#waiting) {
      if (oldest.call.open) return;
      this.#waiting.delete(oldest);
    }
  }

  #sendWaiting(): void {
    const messages = [...this.#waiting];
    this.#waiting.clear();
    for (const message of messages) this.#send(message);
  }

  /** The one with the least under way: so little goes to a node that is slow, or frozen and not yet known to be. */
  #choose(): PublisherChannel | undefined {
    if (this.#chosen && this.#current?.usable) return this.#current;
    let best = this.#current?.usable ? this.#current : undefined;
    for (const channel of this.#channels) {
      if (channel.usable && (!best || channel.inFlight < best.inFlight)) best = channel;
    }
    this.#current = best;
    this.#chosen = true;
    setImmediate(() => {
      this.#chosen = false;
    });
    return best;
  }

  async #refused(message: Outbound): Promise<void> {
    message.refusals += 1;
    if (await this.#options.isFull(message)) message.call.settled('full');
    else this.#sendLater(message);
  }

  async #unroutable(message: Outbound): Promise<void> {
    try {
      await this.#options.redeclare(message.queue);
      this.#send(message);
    } catch {
      this.#sendLater(message);
    }
  }

  #sendLater(message: Outbound): void {
    const delay = RESEND_AFTER_MS * (1 + this.#options.random.fraction());
    setTimeout(() => this.#send(message), delay);
  }

  #ended(channel: PublisherChannel, underWay: readonly Outbound[], error: Error | undefined): void {
    this.#channels.delete(channel);
    const limit = Number(TOO_LARGE.exec(error?.message ?? '')?.[1] ?? Infinity);
    for (const message of underWay) {
      const bytes = message.body.length;
      // Sent again, it would end the other channel too.
      if (bytes > limit) message.call.fail(new SluiceError('SLUICE_MESSAGE_TOO_LARGE', { bytes, limit }));
      message.call.uncertain();
      this.#send(message);
    }
  }

  get #blocked(): string | undefined {
    return [...this.#channels].map(({ blocked }) => blocked).find((reason) => reason !== undefined);
  }

  #unavailable(): SluiceError {
    return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: this.failure });
  }
}
