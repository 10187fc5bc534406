import type { PublisherConnection } from './publisher-connection.ts';
import type { Sent } from './publisher-channel.ts';

/** What is looked at of a connection. */
export type Watched = Pick<PublisherConnection, 'oldestUnderWay' | 'confirmedAt'>;

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

  confirmed({ message: { queue }, at }: Sent): void {
    if (at > (this.#confirmedUpTo.get(queue) ?? -Infinity)) this.#confirmedUpTo.set(queue, at);
  }

  /** Those of the connections. */
  among<C extends Watched>(connections: Iterable<C>): C[] {
    const all = [...connections];
    return all.filter((connection) => this.#isMute(connection, all));
  }

  #isMute(connection: Watched, all: readonly Watched[]): boolean {
    const now = performance.now();
    for (const [queue, sentAt] of connection.oldestUnderWay) {
      const muteMs = now - Math.max(sentAt, connection.confirmedAt(queue));
      if (muteMs > MUTE_MS && this.#othersAreAhead(queue, sentAt, all)) return true;
    }
    return false;
  }

  /**
   * True where a much later message is confirmed; or any later one, and another connection has caught up: a balancer sends
   * little to a gateway whose answers are late, so that no more may come to compare.
   */
  #othersAreAhead(queue: string, sentAt: number, all: readonly Watched[]): boolean {
    const aheadMs = (this.#confirmedUpTo.get(queue) ?? -Infinity) - sentAt;
    if (aheadMs > MUTE_MS) return true;
    return aheadMs > 0 && all.some((connection) => hasCaughtUp(connection, queue, sentAt));
  }
}

/** True where all that it was sent is confirmed, and some of it since then. */
function hasCaughtUp(connection: Watched, queue: string, since: number): boolean {
  return connection.confirmedAt(queue) > since && !connection.oldestUnderWay.has(queue);
}
