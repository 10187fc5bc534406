import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/**
 * Serves `/metrics` on a port of its own, so that scrapes and callers never share one; and `/livez` and `/readyz`, for
 * processes without another port.
 */
export class MetricsServer {
  /** Whether the process does its work. */
  ready: () => boolean = () => false;
  readonly #server: Server;

  constructor(metrics: Metrics) {
    this.#server = createServer((request, response) => {
      const path = request.method === 'GET' ? request.url : undefined;
      if (path === '/metrics') writeMetrics(response, metrics);
      else if (path === '/livez') writeJson(response, 200, { live: true });
      else if (path === '/readyz') writeReadiness(response, this.ready());
      else response.writeHead(404).end();
    });
  }

  /** Rejects with the error of the operating system, such as `EADDRINUSE`. */
  async listen(where: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(where, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const { address, family, port } = this.#server.address() as AddressInfo;
    return { url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}` };
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }
}

function writeMetrics(response: ServerResponse, metrics: Metrics): void {
  metrics.text().then(
    (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
    () => response.writeHead(500).end(),
  );
}

function writeReadiness(response: ServerResponse, ready: boolean): void {
  writeJson(response, ready ? 200 : 503, { ready });
}

function writeJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
