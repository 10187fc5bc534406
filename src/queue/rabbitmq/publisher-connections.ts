import type { PublisherConnection } from './publisher-connection.ts';

/** The connections that are up, to different nodes. */
export class PublisherConnections implements Iterable<PublisherConnection> {
  readonly #all = new Set<PublisherConnection>();
  #last: PublisherConnection | undefined;
  /** Of `performance.now()`; says something while there are none. */
  #endedAt = performance.now();

  [Symbol.iterator](): Iterator<PublisherConnection> {
    return this.#all[Symbol.iterator]();
  }

  add(connection: PublisherConnection): void {
    this.#all.add(connection);
  }

  delete(connection: PublisherConnection): void {
    this.#all.delete(connection);
    this.#endedAt = performance.now();
  }

  /** How long there has been none, in milliseconds; 0 while there is one. */
  get downMs(): number {
    return this.#all.size > 0 ? 0 : performance.now() - this.#endedAt;
  }

  /** True while the server of one of them takes messages. */
  get unblocked(): boolean {
    return [...this.#all].some(({ blocked }) => blocked === undefined);
  }

  /** Why the server of one of them takes none, if there is one. */
  get blocked(): string | undefined {
    return [...this.#all].map(({ blocked }) => blocked).find((reason) => reason !== undefined);
  }

  /** False while it is known that their nodes are several clusters. */
  get areOneCluster(): boolean {
    return [...this.#all].every(({ foreign }) => !foreign);
  }

  /**
   * Of those that reach the queue, the one with the least under way: so little goes to a node that is slow, or frozen and
   * not yet known to be. Of equals one that has not been used for the queue, so that both know its leader when the
   * other's node dies.
   */
  idlest(queue: string): PublisherConnection | undefined {
    const reaching = [...this.#all].filter((connection) => connection.reaches(queue));
    const unused = reaching.find((connection) => !connection.hasConfirmed(queue));
    const last = reaching.find((connection) => connection === this.#last);
    let best = unused ?? last ?? reaching[0];
    for (const connection of reaching) {
      if (best && connection.inFlight < best.inFlight) best = connection;
    }
    this.#last = best ?? this.#last;
    return best;
  }
}
