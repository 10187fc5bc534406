import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type TaskShown } from '../system/client.ts';

/** What a `slow` task leaves. */
export interface SlowResult {
  /** Milliseconds since 1970. */
  readonly begunAt: number;
}

const PAUSE_MS = 200;

/** Tasks that take a while, so that a fault finds them under way. */
export class SlowTasks {
  readonly #client: Client;
  readonly #ids: string[] = [];

  constructor(url: string) {
    this.#client = new Client(url);
  }

  /** Accepts so many of `ms` milliseconds each; resolves when all of them run. */
  async begin(count: number, ms: number): Promise<void> {
    for (let nth = 0; nth < count; nth += 1) this.#ids.push(await this.#client.accept('slow', ms));
    while ((await this.#all()).some(({ status }) => status !== 'running')) await sleep(PAUSE_MS);
  }

  /** All of them, when each has ended. */
  async ends(): Promise<TaskShown[]> {
    return Promise.all(this.#ids.map((id) => this.#client.end(id)));
  }

  #all(): Promise<TaskShown[]> {
    return Promise.all(this.#ids.map((id) => this.#client.get(id)));
  }
}

/** What it left; undefined where it did not succeed. */
export function slowResult({ result }: TaskShown): SlowResult | undefined {
  return result as SlowResult | undefined;
}
