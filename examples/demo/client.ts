import { Agent, request } from 'node:http';
import { setTimeout } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Milliseconds until a request that got no answer is sent again. */
const RETRY_MS = 50;

/** A client as a careful user would write it: what got no answer is sent again, under the same key. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #base: () => URL;
  #closed = false;

  constructor(base: () => URL) {
    this.#base = base;
  }

  /** Sends until there is an answer that counts. @returns the answer, and how long the attempt took that got it */
  async insist(
    method: string,
    path: string,
    body?: string,
    key?: string,
  ): Promise<Answer & { readonly ms: number }> {
    while (!this.#closed) {
      const begin = performance.now();
      const answer = await this.#send(method, path, body, key).catch(() => undefined);
      if (answer && answer.status < 500) return { ...answer, ms: performance.now() - begin };
      await setTimeout(RETRY_MS);
    }
    throw new Error('the client was closed');
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
  }

  async #send(method: string, path: string, body?: string, key?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      };
      const sent = request(
        new URL(path, this.#base()),
        { method, headers, agent: this.#agent },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
