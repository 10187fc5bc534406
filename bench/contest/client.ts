import { setTimeout as pause } from 'node:timers/promises';
import { httpRequest } from '../load.ts';
import { Exchange } from './exchange.ts';

/** What a window saw; latencies in milliseconds. */
export interface Load {
  readonly seconds: number;
  readonly latencies: readonly number[];
}

const CONNECTIONS = 64;
/** 1 KiB of JSON, and what the task makes of it. */
const TEXT = 'x'.repeat(1011);
const POST = httpRequest('POST', '/v1/tasks/length', JSON.stringify({ text: TEXT }));
/** Between two looks at a task of a backlog. */
const PAUSE_MS = 20;
/** The weight of the latest latency in what is expected of the next. */
const WEIGHT = 0.05;
const GIVE_UP_MS = 120_000;

/** A user of the HTTP API on 64 connections. Rejects on whatever is not the answer that it ought to be. */
export class Client {
  readonly #exchanges: readonly Exchange[];
  /** From POST to the result, as far as is known of this server. */
  #expectedMs = 20;

  private constructor(exchanges: readonly Exchange[]) {
    this.#exchanges = exchanges;
  }

  static async open(url: string): Promise<Client> {
    const port = Number(new URL(url).port);
    return new Client(await Promise.all(Array.from({ length: CONNECTIONS }, () => Exchange.open(port))));
  }

  /** Posts tasks for so long; `ids` gets those of the tasks that were accepted. */
  accept(ms: number, ids: string[]): Promise<Load> {
    return this.#keepBusy(ms, async (exchange) => {
      ids.push(await post(exchange));
    });
  }

  /**
   * Posts tasks for so long, and reads the result of each before the connection posts the next. It looks when half of
   * the expected time is over and then after each further quarter, so whoever is measured is asked about three times
   * for a task, and what it takes is seen with the same precision.
   */
  toTheEnd(ms: number): Promise<Load> {
    return this.#keepBusy(ms, async (exchange) => {
      const start = performance.now();
      const id = await post(exchange);
      const pauseMs = this.#expectedMs / 4;
      await pause(2 * pauseMs);
      await readResult(exchange, id, pauseMs);
      // It ended somewhere between the last two looks.
      const tookMs = performance.now() - start - pauseMs / 2;
      this.#expectedMs += WEIGHT * (tookMs - this.#expectedMs);
    });
  }

  /** Resolves when each of the tasks, of which no two are the same, has succeeded and its result was read. */
  async readResults(ids: readonly string[]): Promise<void> {
    if (new Set(ids).size < ids.length) throw new Error('two tasks were given the same id');
    const left = ids.values();
    await Promise.all(
      this.#exchanges.map(async (exchange) => {
        for (const id of left) await readResult(exchange, id, PAUSE_MS);
      }),
    );
  }

  close(): void {
    for (const exchange of this.#exchanges) exchange.close();
  }

  async #keepBusy(ms: number, work: (exchange: Exchange) => Promise<void>): Promise<Load> {
    const latencies: number[] = [];
    const start = performance.now();
    await Promise.all(
      this.#exchanges.map(async (exchange) => {
        for (let now = start; now < start + ms;) {
          await work(exchange);
          const then = performance.now();
          latencies.push(then - now);
          now = then;
        }
      }),
    );
    return { seconds: (performance.now() - start) / 1000, latencies };
  }
}

async function post(exchange: Exchange): Promise<string> {
  const { status, body } = await exchange.send(POST);
  if (status !== 202) throw new Error(`POST was answered ${status}: ${body}`);
  return (JSON.parse(body) as { id: string }).id;
}

/** @param pauseMs between two looks */
async function readResult(exchange: Exchange, id: string, pauseMs: number): Promise<void> {
  const get = httpRequest('GET', `/v1/tasks/${id}`);
  const until = performance.now() + GIVE_UP_MS;
  for (;;) {
    const { status, body } = await exchange.send(get);
    if (status !== 200) throw new Error(`GET was answered ${status}: ${body}`);
    if (hasSucceeded(body)) return;
    if (performance.now() > until) throw new Error(`after ${GIVE_UP_MS} ms there is no result: ${body}`);
    await pause(pauseMs);
  }
}

const UNFINISHED = new Set(['accepted', 'queued', 'scheduled', 'running']);

function hasSucceeded(body: string): boolean {
  const { status, result } = JSON.parse(body) as { status: string; result?: { length: number } };
  if (UNFINISHED.has(status)) return false;
  if (status === 'succeeded' && result?.length === TEXT.length) return true;
  throw new Error(`a task ended otherwise than it should: ${body}`);
}
