import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One accept. Times are milliseconds. */
export interface Accept {
  /** When it was due, from the beginning of the load. */
  readonly at: number;
  /** From when it was due to the end of its answer, so that what waits before it is sent counts. */
  readonly ms: number;
  /** 0 without an answer. */
  readonly status: number;
  readonly key: string;
  readonly id?: string | undefined;
  readonly durability?: string | undefined;
  readonly retryAfter?: string | undefined;
  /** What went wrong. */
  readonly failure?: string | undefined;
}

export interface OpenLoadOptions {
  /** Of the load balancer. */
  readonly url: string;
  readonly perSecond: number;
  /** Makes the keys unique, over runs too. */
  readonly name: string;
}

const TICK_MS = 5;
const SOCKETS = 2000;
/** Longer than any balancer or gateway holds an accept. */
const GIVE_UP_MS = 60_000;
/** About 1 KiB as JSON. */
const TEXT = 'x'.repeat(980);

/**
 * Posts tasks at a fixed rate, whatever becomes of those before; each with an `Idempotency-Key` of its own, and none is
 * sent twice.
 */
export class OpenLoad {
  readonly accepts: Accept[] = [];
  readonly #options: OpenLoadOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  readonly #begun = performance.now();
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(options: OpenLoadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sendDue(), TICK_MS);
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return performance.now() - this.#begun;
  }

  /** Resolves so many seconds after the beginning. */
  async until(seconds: number): Promise<void> {
    await sleep(seconds * 1000 - this.now);
  }

  /** Sends no more; resolves when all are answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  #sendDue(): void {
    const due = Math.floor((this.now * this.#options.perSecond) / 1000);
    for (; this.#sent < due; this.#sent += 1) {
      const sending = this.#send(this.#sent).then((accept) => {
        this.accepts.push(accept);
        this.#underWay.delete(sending);
      });
      this.#underWay.add(sending);
    }
  }

  #send(nth: number): Promise<Accept> {
    const { url, perSecond, name } = this.#options;
    const at = (nth * 1000) / perSecond;
    const key = `${name}-${nth}`;
    const body = JSON.stringify({ nth, text: TEXT });
    return new Promise((resolve) => {
      const done = (rest: Omit<Accept, 'at' | 'ms' | 'key'>): void =>
        resolve({ at, ms: this.now - at, key, ...rest });
      const post = request(`${url}/v1/tasks/echo`, {
        method: 'POST',
        agent: this.#agent,
        timeout: GIVE_UP_MS,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'idempotency-key': key,
        },
      });
      post.on('timeout', () => post.destroy(new Error('no answer')));
      post.on('error', (error) => done({ status: 0, failure: error.message }));
      post.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', (error) => done({ status: 0, failure: error.message }));
        response.on('end', () => done(read(response.statusCode ?? 0, text, response.headers['retry-after'])));
      });
      post.end(body);
    });
  }
}

function read(
  status: number,
  text: string,
  retryAfter: string | undefined,
): Omit<Accept, 'at' | 'ms' | 'key'> {
  if (status !== 202) return { status, retryAfter, failure: text.slice(0, 300) };
  const { id, durability } = JSON.parse(text) as { id: string; durability?: string };
  return { status, id, durability };
}
