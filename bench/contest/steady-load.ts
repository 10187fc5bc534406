import { setTimeout as pause } from 'node:timers/promises';

/** Work that each of several connections does again and again, until it is stopped. It begins at once. */
export class SteadyLoad<T> {
  readonly #latencies: number[] = [];
  readonly #ended: Promise<unknown>;
  #stopping = false;

  constructor(connections: readonly T[], work: (connection: T) => Promise<void>) {
    this.#ended = Promise.all(connections.map((connection) => this.#repeat(connection, work)));
    // Whoever waits for the load is told.
    this.#ended.catch(() => undefined);
  }

  /** In milliseconds, of all that is done, in the order in which it was. */
  get latencies(): readonly number[] {
    return this.#latencies;
  }

  /** Lets it go on for so long. Rejects when any of the work does. */
  async goOn(ms: number): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([pause(ms, undefined, { signal: over.signal }), this.#ended]);
    } finally {
      over.abort();
    }
  }

  /** Resolves when all that was begun is done. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#ended;
  }

  async #repeat(connection: T, work: (connection: T) => Promise<void>): Promise<void> {
    while (!this.#stopping) {
      const begunAt = performance.now();
      await work(connection);
      this.#latencies.push(performance.now() - begunAt);
    }
  }
}
