import { type Answer, KeptConnection } from './kept-connection.ts';

/** Connections to one port, as many as there are requests at a time. */
export class KeptConnections {
  readonly #port: number;
  readonly #idle: KeptConnection[] = [];

  /** @param url of the load balancer */
  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  /** See KeptConnection. */
  async send(request: string): Promise<Answer> {
    const connection = this.#next();
    const answer = await connection.send(request);
    if (connection.usable) this.#idle.push(connection);
    return answer;
  }

  /** Closes those that carry nothing. */
  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** The one that was used last, so that few are open; none that was closed meanwhile. */
  #next(): KeptConnection {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
    }
    return new KeptConnection(this.#port);
  }
}
