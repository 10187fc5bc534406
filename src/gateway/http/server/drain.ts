import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const SWEEP_EVERY_MS = 100;
/** Time for the first byte of a request that was on its way when the drain began. */
const SILENCE_MS = 500;

/** Ends the connections of a server: what is under way finishes, what is idle or silent is closed. */
export class Drain {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param server before it listens */
  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Resolves when every connection is closed; after `graceMs` those that are left are closed by force. */
  async run(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    const begun = performance.now();
    const sweep = setInterval(() => {
      // A connection may become idle at any time, and nobody tells.
      this.#server.closeIdleConnections();
      if (performance.now() - begun >= SILENCE_MS) this.#closeSilent();
    }, SWEEP_EVERY_MS);
    const deadline = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    try {
      await closed;
    } finally {
      clearInterval(sweep);
      clearTimeout(deadline);
    }
  }

  /** Node.js does not count connections that never sent a byte as idle. */
  #closeSilent(): void {
    for (const socket of this.#sockets) {
      if (socket.bytesRead === 0) socket.destroy();
    }
  }
}
