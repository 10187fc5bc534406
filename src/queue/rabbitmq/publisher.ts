import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import { SluiceError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import { CallDeadlines } from './call-deadlines.ts';
import { FrozenNodes } from './frozen-nodes.ts';
import type { Refusal } from './full-queues.ts';
import type { Outbound, PublishCall } from './publish-call.ts';
import type { PublisherChannel, Sent } from './publisher-channel.ts';
import { type ConnectionEvents, PublisherConnection } from './publisher-connection.ts';
import { PublisherConnections } from './publisher-connections.ts';
import { PublishGroups } from './publish-groups.ts';
import { StalledQueues } from './stalled-queues.ts';

export interface PublisherOptions {
  /** A call that is not settled after this time is rejected. */
  readonly deadlineMs: number;
  readonly random: Random;
  /** Tells a full queue from one without a leader. Never rejects. */
  readonly isFull: (refusal: Refusal) => Promise<boolean>;
  /** Nothing of a call is sent before this is true of each of its queues. */
  readonly isDeclared: (queue: string) => boolean;
  /** Makes a queue that was deleted anew. Rejects where it can not. */
  readonly redeclare: (queue: string) => Promise<void>;
  /** Why no connection is up. */
  readonly failure: () => string;
  readonly logger: Logger;
}

/** What is refused is sent again after this time, and up to as much more. */
const RESEND_AFTER_MS = 100;
/** A queue that is made anew at once has its former consumers still, to whom it sends in vain (seen with 3.10). */
const REDECLARE_AFTER_MS = 1000;
/** Without any connection for so long, what comes is refused at once: thousands that wait would all end at one time. */
const DOWN_MS = 2000;
const NOT_ONE_CLUSTER = 'the nodes of the URL of the queue are not one cluster';
const TOO_LARGE = /larger than configured max size (\d+)/;

/**
 * Sends messages over the connections that are up, until each is confirmed or the time of its call is over. A message is
 * sent again when it was refused, or when its channel ended under it, and never for want of an answer alone: a live
 * server answers in the end, and sending again would only add to its load.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #connections = new PublisherConnections();
  readonly #calls: CallDeadlines;
  readonly #groups = new PublishGroups((message) => this.#send(message));
  /** No connection takes them. */
  readonly #waiting = new Set<Outbound>();
  /** The connections of this turn of the event loop, by queue, so that what is sent in it stays in order. */
  readonly #chosen = new Map<string, PublisherConnection>();
  readonly #frozen = new FrozenNodes();
  readonly #stalled = new StalledQueues();
  /** What the server has said against a message or a queue last, if nothing was confirmed since. */
  #objection: string | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#calls = new CallDeadlines(
      options.deadlineMs,
      (call) => this.#giveUp(call),
      () => this.#cutFrozen(),
    );
  }

  /** False while messages are not taken, or not confirmed. */
  get works(): boolean {
    return this.#connections.unblocked && this.#stalled.names.length === 0;
  }

  /** False while it is known that the nodes of the URL are several clusters. */
  get isOneCluster(): boolean {
    return this.#connections.areOneCluster;
  }

  /** Why it does not work. */
  get failure(): string {
    const { blocked, unblocked } = this.#connections;
    if (unblocked) return this.#objection ?? 'RabbitMQ did not confirm in time';
    return blocked === undefined ? this.#options.failure() : `RabbitMQ blocks publishing: ${blocked}`;
  }

  /** Uses one more connection, until it ends. */
  async use(model: ChannelModel): Promise<void> {
    const connection = await PublisherConnection.open(model, this.#events);
    this.#connections.add(connection);
    this.#sendOver(connection);
  }

  /**
   * Begins a call of a message to each of these queues, which have to be sent unless it is settled already. It may reject
   * with `SLUICE_QUEUE_UNAVAILABLE`, `SLUICE_QUEUE_FULL`, or `SLUICE_MESSAGE_TOO_LARGE` for this server.
   */
  begin(queues: readonly string[]): PublishCall {
    const call = this.#calls.begin(queues);
    const isDown = this.#connections.downMs > DOWN_MS;
    if (isDown || !call.queues.every((queue) => this.#stalled.admits(queue))) call.fail(this.#unavailable());
    return call;
  }

  /** Rejects a call of which this queue can not be made. */
  refuse(call: PublishCall, queue: string, error: SluiceError): void {
    this.#objection = String(error.data['reason']);
    if (!call.open) return;
    call.fail(error);
    this.#inVain(queue);
  }

  send(call: PublishCall, queue: string, body: Buffer): void {
    this.#groups.add({ call, queue, body });
  }

  /** Resolves when every call is settled. */
  drained(): Promise<void> {
    return this.#calls.none();
  }

  readonly #events: ConnectionEvents = {
    confirmed: (sent) => this.#confirmed(sent),
    refused: (message, channel, connection) => void this.#refused(message, channel, connection),
    unroutable: (message, connection) => void this.#unroutable(message, connection),
    lost: (messages, error) => this.#lost(messages, error),
    blocked: (underWay) => {
      for (const { call } of underWay) call.fail(this.#unavailable());
    },
    unblocked: () => {
      this.#stalled.clear();
      this.#sendWaiting();
    },
    renewed: (connection) => this.#sendOver(connection),
    found: (queue) => {
      this.#stalled.found(queue);
      this.#sendWaiting();
    },
    gone: (connection) => this.#connections.delete(connection),
  };

  #send(message: Outbound): void {
    if (!message.call.open) return;
    const { queue } = message;
    for (let one = this.#choose(queue); one; one = this.#choose(queue)) {
      if (one.send(message)) return;
    }
    const { blocked, unblocked } = this.#connections;
    if (!unblocked && blocked !== undefined) message.call.fail(this.#unavailable());
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

  /** Rejects a call whose time is up. A queue that has confirmed its part, or waits for another to be made, is not at fault. */
  #giveUp(call: PublishCall): void {
    const { queues } = call;
    const unmade = queues.filter((queue) => !this.#options.isDeclared(queue));
    call.fail(this.#unavailable());
    for (const queue of unmade.length > 0 ? unmade : queues) this.#inVain(queue);
  }

  /** With a call that has waited for this queue in vain, all others do that wait for it, where it confirms nothing. */
  #inVain(queue: string): void {
    if (this.#stalled.waited(queue, this.#options.deadlineMs)) this.#abandon(queue);
  }

  /** Lets go of everything that waits for this queue. A connection that has confirmed nothing for so long is given up. */
  #abandon(queue: string): void {
    for (const call of this.#calls.open) {
      if (call.waitsFor(queue)) call.fail(this.#unavailable());
    }
    for (const message of this.#waiting) {
      if (!message.call.open) this.#waiting.delete(message);
    }
    const since = performance.now() - this.#options.deadlineMs;
    for (const connection of this.#connections) {
      if ((connection.oldestUnderWay.get(queue) ?? Infinity) <= since) connection.cut('it confirms nothing');
    }
  }

  #sendOver(connection: PublisherConnection): void {
    // It tells when one of them has a leader again. That messages can be sent says nothing of those who take them.
    for (const queue of this.#stalled.names) connection.reaches(queue);
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    const messages = [...this.#waiting];
    this.#waiting.clear();
    for (const message of messages) this.#send(message);
  }

  #choose(queue: string): PublisherConnection | undefined {
    const chosen = this.#chosen.get(queue);
    if (chosen?.usable) return chosen;
    const best = this.#connections.idlest(queue);
    if (!best) return undefined;
    if (this.#chosen.size === 0) setImmediate(() => this.#chosen.clear());
    this.#chosen.set(queue, best);
    return best;
  }

  #confirmed(sent: Sent): void {
    this.#frozen.confirmed(sent);
    this.#stalled.confirmed(sent.message.queue);
    this.#objection = undefined;
    sent.message.call.settled(sent.message.queue, 'stored');
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
      message.call.settled(message.queue, 'full');
      return;
    }
    connection.renew(channel, this.#delay());
    this.#sendLater(message);
  }

  async #unroutable(message: Outbound, connection: PublisherConnection): Promise<void> {
    await sleep(REDECLARE_AFTER_MS);
    try {
      await this.#options.redeclare(message.queue);
      await connection.compare(message.queue);
      if (connection.foreign) this.#options.logger.error(NOT_ONE_CLUSTER, { queue: message.queue });
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
    if (error && limit === Infinity) this.#noteObjection(error.message);
    for (const message of messages) {
      const bytes = message.body.length;
      // Sent again, it would end the next channel too.
      if (bytes > limit) message.call.fail(new SluiceError('SLUICE_MESSAGE_TOO_LARGE', { bytes, limit }));
      message.call.uncertain();
      this.#send(message);
    }
  }

  #noteObjection(text: string): void {
    const objection = `RabbitMQ takes no messages: ${text}`;
    if (objection !== this.#objection)
      this.#options.logger.warn('RabbitMQ has ended a channel', { reason: text });
    this.#objection = objection;
  }

  #unavailable(): SluiceError {
    return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: this.failure });
  }
}
