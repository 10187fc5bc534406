import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import { SluiceError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import { CallDeadlines } from './call-deadlines.ts';
import { FrozenNodes } from './frozen-nodes.ts';
import type { Refusal } from './full-queues.ts';
import type { Outbound, PublishCall } from './publish-call.ts';
import type { PublisherChannel, Sent } from './publisher-channel.ts';
import { type ConnectionEvents, PublisherConnection } from './publisher-connection.ts';

export interface PublisherOptions {
  /** A call that is not settled after this time is rejected. */
  readonly deadlineMs: number;
  readonly random: Random;
  /** Tells a full queue from one without a leader. Never rejects. */
  readonly isFull: (refusal: Refusal) => Promise<boolean>;
  /** Makes a queue that was deleted anew. Rejects where it can not. */
  readonly redeclare: (queue: string) => Promise<void>;
  /** Why no connection is up. */
  readonly failure: () => string;
}

/** What is refused is sent again after this time, and up to as much more. */
const RESEND_AFTER_MS = 100;
/** A queue that is made anew at once has its former consumers still, to whom it sends in vain (seen with 3.10). */
const REDECLARE_AFTER_MS = 1000;
const TOO_LARGE = /larger than configured max size (\d+)/;

/**
 * Sends messages over the connections that are up, until each is confirmed or the time of its call is over. A message is
 * sent again when it was refused, or when its channel ended under it, and never for want of an answer alone: a live
 * server answers in the end, and sending again would only add to its load.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #connections = new Set<PublisherConnection>();
  readonly #calls: CallDeadlines;
  /** No connection takes them. */
  readonly #waiting = new Set<Outbound>();
  /** The connections of this turn of the event loop, by queue, so that what is published in it stays in order. */
  readonly #chosen = new Map<string, PublisherConnection>();
  #last: PublisherConnection | undefined;
  readonly #frozen = new FrozenNodes();
  /** A call was rejected for its time, and nothing has changed since: then no other has to wait. */
  #gaveUp = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#calls = new CallDeadlines(
      options.deadlineMs,
      () => {
        this.#gaveUp = true;
        return this.#unavailable();
      },
      () => this.#cutFrozen(),
    );
  }

  /** How many connections are up, and not blocked. */
  get connections(): number {
    return [...this.#connections].filter(({ blocked }) => blocked === undefined).length;
  }

  /** Why messages are not taken, or not confirmed. */
  get failure(): string {
    if (this.connections > 0) return 'RabbitMQ did not confirm in time';
    const blocked = this.#blocked;
    return blocked === undefined ? this.#options.failure() : `RabbitMQ blocks publishing: ${blocked}`;
  }

  /** Uses one more connection, until it ends. */
  async use(model: ChannelModel): Promise<void> {
    this.#connections.add(await PublisherConnection.open(model, this.#events));
    this.#sendWaiting();
  }

  /**
   * Begins a call of so many messages, each of which has to be sent. It may reject with `SLUICE_QUEUE_UNAVAILABLE`,
   * `SLUICE_QUEUE_FULL`, or `SLUICE_MESSAGE_TOO_LARGE` for this server.
   */
  begin(messages: number): PublishCall {
    const call = this.#calls.begin(messages);
    const usable = [...this.#connections].some((connection) => connection.usable);
    if (this.#gaveUp && !usable) call.fail(this.#unavailable());
    return call;
  }

  send(call: PublishCall, queue: string, body: Buffer): void {
    this.#send({ call, queue, body });
  }

  /** Resolves when every call is settled. */
  drained(): Promise<void> {
    return this.#calls.none();
  }

  readonly #events: ConnectionEvents = {
    confirmed: (sent) => this.#confirmed(sent),
    refused: (message, channel, connection) => void this.#refused(message, channel, connection),
    unroutable: (message) => void this.#unroutable(message),
    lost: (messages, error) => this.#lost(messages, error),
    blocked: (underWay) => {
      for (const { call } of underWay) call.fail(this.#unavailable());
    },
    ready: () => this.#sendWaiting(),
    gone: (connection) => void this.#connections.delete(connection),
  };

  #send(message: Outbound): void {
    if (!message.call.open) return;
    const { queue } = message;
    for (let one = this.#choose(queue); one; one = this.#choose(queue)) {
      if (one.send(message)) return;
    }
    const blocked = this.connections === 0 && this.#blocked !== undefined;
    if (blocked || this.#gaveUp) message.call.fail(this.#unavailable());
    else this.#wait(message);
  }

  /** Until it can be sent; or for its time, and what has waited for longer goes with it. */
  #wait(message: Outbound): void {
    this.#waiting.add(message);
    for (const oldest of this.#waiting) {
      if (oldest.call.open) return;
      this.#waiting.delete(oldest);
    }
  }

  #sendWaiting(): void {
    this.#gaveUp = false;
    const messages = [...this.#waiting];
    this.#waiting.clear();
    for (const message of messages) this.#send(message);
  }

  #choose(queue: string): PublisherConnection | undefined {
    const chosen = this.#chosen.get(queue);
    if (chosen?.usable) return chosen;
    const best = this.#idlest(
      queue,
      [...this.#connections].filter((connection) => connection.reaches(queue)),
    );
    if (!best) return undefined;
    if (this.#chosen.size === 0) setImmediate(() => this.#chosen.clear());
    this.#chosen.set(queue, best);
    this.#last = best;
    return best;
  }

  /**
   * The one with the least under way: so little goes to a node that is slow, or frozen and not yet known to be. Of equals
   * one that has not been used for the queue, so that both know its leader when the other's node dies.
   */
  #idlest(queue: string, connections: readonly PublisherConnection[]): PublisherConnection | undefined {
    const unused = connections.find((connection) => !connection.hasConfirmed(queue));
    const last = connections.find((connection) => connection === this.#last);
    let best = unused ?? last ?? connections[0];
    for (const connection of connections) {
      if (best && connection.inFlight < best.inFlight) best = connection;
    }
    return best;
  }

  #confirmed(sent: Sent): void {
    this.#frozen.confirmed(sent);
    this.#gaveUp = false;
    sent.message.call.settled('stored');
  }

  #cutFrozen(): void {
    for (const connection of this.#frozen.among(this.#connections)) {
      connection.cut('it does not confirm what another node does');
    }
  }

  async #refused(
    message: Outbound,
    channel: PublisherChannel,
    connection: PublisherConnection,
  ): Promise<void> {
    if (await this.#options.isFull({ queue: message.queue, channel })) {
      message.call.settled('full');
      return;
    }
    connection.renew(channel, this.#delay());
    this.#sendLater(message);
  }

  async #unroutable(message: Outbound): Promise<void> {
    await sleep(REDECLARE_AFTER_MS);
    try {
      await this.#options.redeclare(message.queue);
      this.#send(message);
    } catch {
      this.#sendLater(message);
    }
  }

  #sendLater(message: Outbound): void {
    setTimeout(() => this.#send(message), this.#delay());
  }

  #delay(): number {
    return RESEND_AFTER_MS * (1 + this.#options.random.fraction());
  }

  #lost(messages: readonly Outbound[], error: Error | undefined): void {
    const limit = Number(TOO_LARGE.exec(error?.message ?? '')?.[1] ?? Infinity);
    for (const message of messages) {
      const bytes = message.body.length;
      // Sent again, it would end the next channel too.
      if (bytes > limit) message.call.fail(new SluiceError('SLUICE_MESSAGE_TOO_LARGE', { bytes, limit }));
      message.call.uncertain();
      this.#send(message);
    }
  }

  get #blocked(): string | undefined {
    return [...this.#connections].map(({ blocked }) => blocked).find((reason) => reason !== undefined);
  }

  #unavailable(): SluiceError {
    return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: this.failure });
  }
}
