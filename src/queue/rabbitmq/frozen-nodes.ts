import type { PublisherConnection } from './publisher-connection.ts';
import type { Sent } from './publisher-channel.ts';

/** A message that is later than its sisters by this, on a connection that has confirmed nothing for as long. */
const MUTE_MS = 1000;

/**
 * Finds the connections that will not answer: they hold messages while other connections have had later ones to the same
 * queue confirmed, and confirm nothing themselves. Their node is frozen; or it waits for a leader that was, and asks the
 * next one only after ten seconds (seen with 3.10). The age of a message alone tells nothing: an overloaded server is late
 * with all of them, and to send again would only add to its load.
 */
export class FrozenNodes {
  /** When the latest of the confirmed messages was sent, by queue. */
  readonly #confirmedUpTo = new Map<string, number>();
  /** When something was confirmed last, by queue. */
  readonly #confirmedAt = new WeakMap<PublisherConnection, Map<string, number>>();

  confirmed({ message: { queue }, at }: Sent, connection: PublisherConnection): void {
    if (at > (this.#confirmedUpTo.get(queue) ?? -Infinity)) this.#confirmedUpTo.set(queue, at);
    const times = this.#confirmedAt.get(connection) ?? new Map<string, number>();
    this.#confirmedAt.set(connection, times.set(queue, performance.now()));
  }

  /** Those of the connections. */
  among(connections: Iterable<PublisherConnection>): PublisherConnection[] {
    return [...connections].filter((connection) => this.#isMute(connection));
  }

  #isMute(connection: PublisherConnection): boolean {
    const now = performance.now();
    const times = this.#confirmedAt.get(connection);
    for (const [queue, sentAt] of connection.oldestUnderWay) {
      const lateMs = (this.#confirmedUpTo.get(queue) ?? -Infinity) - sentAt;
      const muteMs = now - Math.max(sentAt, times?.get(queue) ?? -Infinity);
      if (lateMs > MUTE_MS && muteMs > MUTE_MS) return true;
    }
    return false;
  }
}
