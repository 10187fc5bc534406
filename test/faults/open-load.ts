import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './kept-connection.ts';
import { KeptConnections } from './kept-connections.ts';

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
/** About 1 KiB as JSON. */
const TEXT = 'x'.repeat(980);
const RETRY_AFTER = /\r\nretry-after: (\d+)/i;

/**
 * Posts tasks at a fixed rate, whatever becomes of those before; each with an `Idempotency-Key` of its own, and none is
 * sent twice.
 */
export class OpenLoad {
  readonly accepts: Accept[] = [];
  readonly #options: OpenLoadOptions;
  readonly #connections: KeptConnections;
  readonly #begun = performance.now();
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(options: OpenLoadOptions) {
    this.#options = options;
    this.#connections = new KeptConnections(options.url);
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
    this.#connections.close();
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

  async #send(nth: number): Promise<Accept> {
    const { perSecond, name } = this.#options;
    const at = (nth * 1000) / perSecond;
    const key = `${name}-${nth}`;
    const answer = await this.#connections.send(post(key, `{"nth":${nth},"text":"${TEXT}"}`));
    return { at, ms: this.now - at, key, ...read(answer) };
  }
}

function post(key: string, body: string): string {
  return [
    'POST /v1/tasks/echo HTTP/1.1',
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `Idempotency-Key: ${key}`,
    '',
    body,
  ].join('\r\n');
}

function read({ status, head, body, failure }: Answer): Omit<Accept, 'at' | 'ms' | 'key'> {
  if (status !== 202) {
    return { status, retryAfter: RETRY_AFTER.exec(head)?.[1], failure: failure ?? body.slice(0, 300) };
  }
  const { id, durability } = JSON.parse(body) as { id: string; durability?: string };
  return { status, id, durability };
}
