import type { ChannelModel } from 'amqplib';
import { hangUp } from './connection.ts';
import { knowsQueue } from './knows-queue.ts';
import { LeaderCheck } from './leader-check.ts';
import type { Outbound } from './publish-call.ts';
import { PublisherChannel, type Sent } from './publisher-channel.ts';

export interface ConnectionEvents {
  /** See ChannelEvents. */
  confirmed(sent: Sent): void;
  refused(message: Outbound, channel: PublisherChannel, connection: PublisherConnection): void;
  unroutable(message: Outbound, connection: PublisherConnection): void;
  /** These were under way on a channel that has ended. */
  lost(messages: Outbound[], error: Error | undefined): void;
  /** The server takes no messages for the time being; these were under way. */
  blocked(underWay: Outbound[]): void;
  /** The server takes messages again. */
  unblocked(): void;
  /** Messages can be sent over the connection again, by a new channel. It tells nothing of any queue. */
  renewed(connection: PublisherConnection): void;
  /** A leader of the queue answers, which was asked for because nothing had been confirmed on the channel. */
  found(queue: string): void;
  gone(connection: PublisherConnection): void;
}

/** After the server has ended a channel, as it does where it objects to what was sent. */
const RENEW_AFTER_MS = 100;

/** A connection that publishes, over one channel at a time. */
export class PublisherConnection {
  readonly #model: ChannelModel;
  readonly #events: ConnectionEvents;
  readonly #leaders: LeaderCheck;
  /** Retired ones with something under way among them. */
  readonly #channels = new Set<PublisherChannel>();
  #current: PublisherChannel | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #blocked: string | undefined;
  #foreign = false;
  #closed = false;

  private constructor(model: ChannelModel, events: ConnectionEvents) {
    this.#model = model;
    this.#events = events;
    this.#leaders = new LeaderCheck(model, (queue) => events.found(queue));
  }

  static async open(model: ChannelModel, events: ConnectionEvents): Promise<PublisherConnection> {
    const connection = new PublisherConnection(model, events);
    connection.#listen();
    await connection.#openChannel();
    if (connection.#closed) throw new Error('the server closed the connection as it was opened');
    return connection;
  }

  /** Why the server takes no messages; undefined while it does. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** True when its node is not in the cluster of the others: nothing is sent to it any more. */
  get foreign(): boolean {
    return this.#foreign;
  }

  /** True while messages can be sent. */
  get usable(): boolean {
    return !this.#foreign && this.#blocked === undefined && this.#current?.usable === true;
  }

  get inFlight(): number {
    let sum = 0;
    for (const { inFlight } of this.#channels) sum += inFlight;
    return sum;
  }

  /** See PublisherChannel. */
  hasConfirmed(queue: string): boolean {
    return this.#current?.hasConfirmed(queue) === true;
  }

  /** True while messages to `queue` get to its leader, as far as is known. Where they do not, `found` tells when. */
  reaches(queue: string): boolean {
    if (!this.usable) return false;
    if (this.hasConfirmed(queue) || this.#leaders.found(queue)) return true;
    this.#leaders.ask(queue);
    return false;
  }

  /** When the oldest message that is not confirmed yet was sent, by queue. Of `performance.now()`. */
  get oldestUnderWay(): Map<string, number> {
    const oldest = new Map<string, number>();
    for (const channel of this.#channels) {
      for (const { message, at } of channel.underWay) {
        if (at < (oldest.get(message.queue) ?? Infinity)) oldest.set(message.queue, at);
      }
    }
    return oldest;
  }

  /** See PublisherChannel; over all channels. */
  confirmedAt(queue: string): number {
    return Math.max(...Array.from(this.#channels, (channel) => channel.confirmedAt(queue)), -Infinity);
  }

  /** Finds out whether its node is foreign, by a queue that others know. Rejects where it does not answer. */
  async compare(queue: string): Promise<void> {
    this.#foreign = !(await knowsQueue(this.#model, queue));
  }

  /** Gives the connection up: what is under way is lost, and goes elsewhere. */
  cut(reason: string): void {
    hangUp(this.#model, new Error(reason));
  }

  /** False where it was not sent. */
  send(message: Outbound): boolean {
    return this.usable && this.#current?.send(message) === true;
  }

  /**
   * Takes another channel in the place of `channel`, after a while. One whose first message to a queue came while that
   * had no leader may refuse all others for as long as the node of the former leader is down (seen with 3.10).
   */
  renew(channel: PublisherChannel, afterMs: number): void {
    channel.retire();
    if (channel !== this.#current) return;
    this.#current = undefined;
    this.#openLater(afterMs);
  }

  #openLater(afterMs: number): void {
    this.#renewal = setTimeout(() => {
      this.#openChannel().then(
        () => this.#events.renewed(this),
        // The connection has ended meanwhile.
        () => undefined,
      );
    }, afterMs);
  }

  async #openChannel(): Promise<void> {
    const channel = await PublisherChannel.open(this.#model, {
      confirmed: (sent) => this.#events.confirmed(sent),
      refused: (message, refuser) => this.#events.refused(message, refuser, this),
      unroutable: (message) => this.#events.unroutable(message, this),
      ended: (ended, underWay, error) => {
        this.#channels.delete(ended);
        this.renew(ended, RENEW_AFTER_MS);
        this.#events.lost(underWay, error);
      },
    });
    this.#channels.add(channel);
    this.#current = channel;
  }

  #listen(): void {
    this.#model.on('blocked', (reason) => {
      this.#blocked = reason;
      this.#events.blocked([...this.#channels].flatMap((channel) => channel.takeAll()));
    });
    this.#model.on('unblocked', () => {
      this.#blocked = undefined;
      this.#events.unblocked();
    });
    this.#model.once('close', () => {
      this.#closed = true;
      clearTimeout(this.#renewal);
      this.#events.gone(this);
    });
  }
}
