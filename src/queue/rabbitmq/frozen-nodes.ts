import type { PublisherConnection } from './publisher-connection.ts';
import type { Sent } from './publisher-channel.ts';

/** A message that is later than its sisters by this, on a connection that has been silent for as long. */
const SILENT_MS = 1000;
/** The same where something is heard, such as the heartbeat of a node at which the channel is stuck. */
const STUCK_MS = 5000;

/**
 * Finds the connections whose node is frozen: they hold messages while other connections have had later ones to the same
 * queue confirmed. The age of a message alone tells nothing: an overloaded server is late with all of them, and to send
 * again would only add to its load.
 */
export class FrozenNodes {
  /** When the latest of the confirmed messages was sent, by queue. */
  readonly #confirmedUpTo = new Map<string, number>();
  readonly #heard = new WeakMap<PublisherConnection, { readonly bytes: number; readonly at: number }>();

  confirmed({ message: { queue }, at }: Sent): void {
    if (at > (this.#confirmedUpTo.get(queue) ?? -Infinity)) this.#confirmedUpTo.set(queue, at);
  }

  /** To be asked now and then: it goes by what has changed since. */
  among(connections: Iterable<PublisherConnection>): PublisherConnection[] {
    const now = performance.now();
    return [...connections].filter((connection) => {
      const silentMs = now - this.#lastHeard(connection, now);
      return this.#lateMs(connection) > (silentMs >= SILENT_MS ? SILENT_MS : STUCK_MS);
    });
  }

  #lastHeard(connection: PublisherConnection, now: number): number {
    const { bytesRead: bytes } = connection;
    const last = this.#heard.get(connection);
    if (last?.bytes === bytes) return last.at;
    this.#heard.set(connection, { bytes, at: now });
    return now;
  }

  #lateMs(connection: PublisherConnection): number {
    let latest = 0;
    for (const { message, at } of connection.underWay) {
      latest = Math.max(latest, (this.#confirmedUpTo.get(message.queue) ?? -Infinity) - at);
    }
    return latest;
  }
}
