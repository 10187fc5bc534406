import { setTimeout as pause } from 'node:timers/promises';
import { httpRequest } from '../load.ts';
import { Exchange } from './exchange.ts';
import { SteadyLoad } from './steady-load.ts';

export const CONNECTIONS = 64;
/** 1 KiB of JSON, and what the task makes of it. */
const TEXT = 'x'.repeat(1011);
const POST = httpRequest('POST', '/v1/tasks/length', JSON.stringify({ text: TEXT }));
/** Between two looks at a task of a backlog. */
const PAUSE_MS = 20;
/** The weight of the latest task in what is expected of the next. */
const WEIGHT = 0.05;
const GIVE_UP_MS = 120_000;

/** A user of the HTTP API on 64 connections. Rejects on whatever is not the answer that it ought to be. */
export class Client {
  readonly #exchanges: readonly Exchange[];
  #looks = 0;
  /** From the 202 to the result, as far as is known of this server. */
  #expectedMs = 20;

  private constructor(exchanges: readonly Exchange[]) {
    this.#exchanges = exchanges;
  }

  static async open(url: string): Promise<Client> {
    const port = Number(new URL(url).port);
    return new Client(await Promise.all(Array.from({ length: CONNECTIONS }, () => Exchange.open(port))));
  }

  /** How often it has asked for a task. */
  get looks(): number {
    return this.#looks;
  }

  /** Posts tasks; `ids` gets those of the tasks that were accepted. */
  accept(ids: string[]): SteadyLoad<Exchange> {
    return new SteadyLoad(this.#exchanges, async (exchange) => {
      ids.push(await post(exchange));
    });
  }

  /**
   * Posts tasks, and reads the result of each before the connection posts the next. Once a task is accepted, it looks when
   * half of the expected time is over and then after each further quarter, so whoever is measured is asked about as
   * often for a task, and what it takes is seen with the same precision.
   */
  toTheEnd(): SteadyLoad<Exchange> {
    return new SteadyLoad(this.#exchanges, async (exchange) => {
      const id = await post(exchange);
      const acceptedAt = performance.now();
      const pauseMs = this.#expectedMs / 4;
      await pause(2 * pauseMs);
      await this.#readResult(exchange, id, pauseMs);
      // It ended somewhere between the last two looks.
      const tookMs = performance.now() - acceptedAt - pauseMs / 2;
      this.#expectedMs += WEIGHT * (tookMs - this.#expectedMs);
    });
  }

  /** Resolves when each of the tasks, of which no two are the same, has succeeded and its result was read. */
  async readResults(ids: readonly string[]): Promise<void> {
    if (new Set(ids).size < ids.length) throw new Error('two tasks were given the same id');
    const left = ids.values();
    await Promise.all(
      this.#exchanges.map(async (exchange) => {
        for (const id of left) await this.#readResult(exchange, id, PAUSE_MS);
      }),
    );
  }

  close(): void {
    for (const exchange of this.#exchanges) exchange.close();
  }

  /** @param pauseMs between two looks */
  async #readResult(exchange: Exchange, id: string, pauseMs: number): Promise<void> {
    const get = httpRequest('GET', `/v1/tasks/${id}`);
    const until = performance.now() + GIVE_UP_MS;
    for (;;) {
      this.#looks += 1;
      const { status, body } = await exchange.send(get);
      if (status !== 200) throw new Error(`GET was answered ${status}: ${body}`);
      if (hasSucceeded(body)) return;
      if (performance.now() > until) throw new Error(`after ${GIVE_UP_MS} ms there is no result: ${body}`);
      await pause(pauseMs);
    }
  }
}

async function post(exchange: Exchange): Promise<string> {
  const { status, body } = await exchange.send(POST);
  if (status !== 202) throw new Error(`POST was answered ${status}: ${body}`);
  return (JSON.parse(body) as { id: string }).id;
}

const UNFINISHED = new Set(['accepted', 'queued', 'scheduled', 'running']);

function hasSucceeded(body: string): boolean {
  const { status, result } = JSON.parse(body) as { status: string; result?: { length: number } };
  if (UNFINISHED.has(status)) return false;
  if (status === 'succeeded' && result?.length === TEXT.length) return true;
  throw new Error(`a task ended otherwise than it should: ${body}`);
}
