import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import pg from 'pg';
import { expect, vi } from 'vitest';
import { encodeMessage, type Message } from '../../../src/core/message.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { readTaskId, type TaskId, TaskIds } from '../../../src/core/task-id.ts';
import type { Claim } from '../../../src/database/database.ts';
import { HORIZON_MS } from '../../../src/testing/database/database-tester.ts';
import { fakeClock } from '../../../src/testing/fake-clock.ts';

/** Makes tasks that a gateway could have accepted just now. Two of one idempotency key have different ids. */
export class Gateway {
  readonly #clock = fakeClock(Date.now() - 60_000);
  readonly #ids = new TaskIds(['s'.repeat(32)], this.#clock, systemRandom);

  get time(): number {
    return this.#clock.now();
  }

  accept(fields: Partial<Message> = {}): Message {
    this.#clock.advance(1);
    const { idempotencyKey } = fields;
    const id = this.#ids.mint({ tenant: 'default', task: 'resize', idempotencyKey, content: [] });
    const at = { queue: 'default', priority: 'normal', lane: 0 } as const;
    const rest = { run: 1, publishedAt: this.#clock.now(), input: '{"width":200}' };
    return { id: id.text, tenant: 'default', task: 'resize', ...at, ...rest, ...fields };
  }
}

export function claimOf(message: Message): Claim {
  return { message, body: encodeMessage(message), horizonMs: HORIZON_MS };
}

export function idOf({ id }: Pick<Message, 'id'>): TaskId {
  return readTaskId(id) ?? assert.fail(`${id} is no id`);
}

export function pick<T>(list: readonly T[]): T {
  return list[randomInt(list.length)] ?? assert.fail('there is nothing to pick from');
}

export function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, place: randomInt(2 ** 32) }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

/** Asks the server directly, beside the driver. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Resolves when no session of the driver is left. It is then that they have added their counts to the statistics. */
export function sessionsEnded(url: string): Promise<void> {
  return withClient(url, (client) =>
    vi.waitFor(async () => {
      const { rows } = await client.query(`SELECT FROM pg_stat_activity WHERE application_name = 'sluice'`);
      expect(rows).toHaveLength(0);
    }, 20_000),
  );
}

/** How many deadlocks there were, until the last session of the driver has ended. */
export async function deadlocks(url: string): Promise<number> {
  await sessionsEnded(url);
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ deadlocks: number }>(
      'SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()',
    );
    return rows[0]?.deadlocks ?? assert.fail('the database has no counts');
  });
}
