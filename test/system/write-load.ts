import { Client } from './client.ts';

/** A 202 that was given. */
export interface Acknowledged {
  readonly id: string;
  readonly key: string | undefined;
}

const CLIENTS = 6;

/**
 * Clients that post until the server is gone, every second request under an `Idempotency-Key`. A keyed request whose
 * answer never came is posted again in the next round, under the same key.
 */
export class WriteLoad {
  readonly acknowledged: Acknowledged[] = [];
  #unanswered: string[] = [];
  #posted = 0;

  /** Posts to `url`; calls `enough` once, when `count` requests were acknowledged, and ends when the server does. */
  async run(url: string, count: number, enough: () => Promise<void>): Promise<void> {
    const client = new Client(url);
    const again = this.#unanswered;
    this.#unanswered = [];
    const goal = this.acknowledged.length + count;
    let killed: Promise<void> | undefined;
    const post = async (): Promise<void> => {
      for (;;) {
        const number = (this.#posted += 1);
        const key = again.pop() ?? (number % 2 === 0 ? `key-${number}` : undefined);
        if (this.acknowledged.length >= goal) killed ??= enough();
        try {
          await this.#post(client, number, key);
        } catch (error) {
          if (!killed) throw error;
          if (key !== undefined) this.#unanswered.push(key);
          return;
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, post));
    this.#unanswered.push(...again);
    await killed;
  }

  /** Keys by the ids that were given for them. */
  get idsByKey(): Map<string, string[]> {
    const ids = new Map<string, string[]>();
    for (const { id, key } of this.acknowledged) {
      if (key !== undefined) ids.set(key, [...(ids.get(key) ?? []), id]);
    }
    return ids;
  }

  async #post(client: Client, number: number, key: string | undefined): Promise<void> {
    const options = key === undefined ? {} : { key };
    const id = await client.accept('brief', { for: key ?? number }, options);
    this.acknowledged.push({ id, key });
    // A client that is unsure repeats its request.
    if (key !== undefined && number % 6 === 0) {
      this.acknowledged.push({ id: await client.accept('brief', { for: key }, options), key });
    }
  }
}
