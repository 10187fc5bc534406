import { randomInt } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { decodeMessage, type Message } from '../../src/core/message.ts';
import { isTerminal } from '../../src/core/state.ts';
import type { Database, Lease, Outcome } from '../../src/database/database.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import {
  CRASH_LIMIT,
  failure,
  INTERRUPTION_LIMIT,
  retry,
  SUCCEEDED,
} from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { claimOf, deadlocks, Gateway, idOf, pick, withClient } from './postgres/work-load.ts';

const WORKERS = 8;
const TASKS = 600;
const BATCH = 12;
const KEYS = 12;
const RETENTION = { bodiesMs: 1e9, rowsMs: 1e9, horizonMs: 1e9 };
const OUTCOMES: readonly Outcome[] = [
  SUCCEEDED,
  SUCCEEDED,
  SUCCEEDED,
  retry(0),
  { kind: 'returned' },
  { kind: 'failed', error: failure(), charged: true },
  { kind: 'crashed', error: failure(), crashLimit: CRASH_LIMIT },
];

/** Workers over one queue, which delivers many messages more than once. */
class Crowd {
  readonly #databases: readonly Database[];
  readonly #messages: readonly Message[];
  #queue: Message[];
  #finished = 0;

  constructor(url: string) {
    this.#databases = Array.from({ length: WORKERS }, () =>
      openPostgresDatabase({ url, logger: silentLogger, connections: 3, statementTimeoutMs: 30_000 }),
    );
    const gateway = new Gateway();
    this.#messages = Array.from({ length: TASKS }, (_, at) => {
      const key = at % KEYS;
      const concurrency = { concurrencyKey: `key ${key}`, concurrencyLimit: 1 + (key % 3) };
      // One task in ten is asked for twice.
      const request =
        at % (10 * KEYS) < 2 * KEYS ? { idempotencyKey: `${at % KEYS} ${Math.floor(at / (2 * KEYS))}` } : {};
      return gateway.accept({ ...concurrency, ...request });
    });
    this.#queue = [...this.#messages];
  }

  get working(): boolean {
    return this.#finished < WORKERS;
  }

  async work(): Promise<void> {
    await Promise.all(this.#databases.map((database, at) => this.#workAs(database, `worker-${at}`)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#databases.map((database) => database.close()));
  }

  async #workAs(database: Database, holder: string): Promise<void> {
    while (await this.#unfinished(database)) {
      const messages = this.#deliver();
      const [held] = await Promise.all([
        this.#claim(database, messages, { holder, durationMs: 60_000 }),
        this.#publish(database),
        database.cancel(idOf(pick(this.#messages)), 'default', RETENTION.horizonMs),
        database.reject(randomInt(20) === 0 ? [rejectionOf(pick(this.#messages))] : []),
      ]);
      await Promise.all([
        database.settle(held.map((run) => ({ ...run, outcome: pick(OUTCOMES) }))),
        database.recover({ limit: 10, interruptionLimit: INTERRUPTION_LIMIT }),
        database.sweep(RETENTION, 100),
      ]);
    }
    this.#finished += 1;
  }

  /** Half of it stays, to be delivered again. */
  #deliver(): Message[] {
    const messages = Array.from({ length: Math.min(BATCH, this.#queue.length) }, () => pick(this.#queue));
    const gone = new Set(messages.filter(() => randomInt(2) === 0));
    this.#queue = this.#queue.filter((message) => !gone.has(message));
    return messages;
  }

  async #claim(
    database: Database,
    messages: readonly Message[],
    lease: Lease,
  ): Promise<{ id: string; run: number }[]> {
    const verdicts = await database.claim(messages.map(claimOf), lease);
    return verdicts.flatMap((verdict, at) =>
      verdict.kind === 'run' ? [{ id: messages[at]?.id ?? '', run: verdict.run }] : [],
    );
  }

  async #publish(database: Database): Promise<void> {
    const { tasks: due } = await database.due(BATCH);
    this.#queue.push(...due.map(({ body, run }) => ({ ...decodeMessage(body), run })));
    await database.published(due);
  }

  async #unfinished(database: Database): Promise<boolean> {
    const lookups = await database.get(this.#messages.map(idOf));
    return lookups.some((lookup) => lookup.kind !== 'found' || !isTerminal(lookup.record.state));
  }
}

function rejectionOf(message: Message) {
  return { id: idOf(message), tenant: 'default', task: message.task, error: failure() };
}

describe.skipIf(unavailable('postgresql'))('concurrency keys on one PostgreSQL server', () => {
  const engine = usePostgres();
  let crowd: Crowd | undefined;

  afterAll(() => crowd?.close());

  /** What is committed at any moment: no key has more slots taken than it has, or one free while someone waits. */
  async function audit(url: string, working: () => boolean): Promise<void> {
    const schema = schemaOf(url);
    await withClient(engine.url, async (client) => {
      while (working()) {
        const { rows } = await client.query(
          `SELECT * FROM (
             SELECT concurrency_key, min(concurrency_limit) AS most, count(*) FILTER (WHERE slot) AS taken,
               count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'blocked') AS blocked
             FROM ${schema}.task WHERE concurrency_key IS NOT NULL GROUP BY concurrency_key) AS k
           WHERE taken > most OR running > taken OR (blocked > 0 AND taken < most)`,
        );
        expect(rows).toEqual([]);
      }
    });
  }

  it('hold their limit, and leave no slot free that someone waits for, while many claim and settle', async () => {
    const url = ownSchema(engine);
    await openAndClose(url);
    const workers = new Crowd(url);
    crowd = workers;
    await Promise.all([workers.work(), audit(url, () => workers.working)]);
    await workers.close();
    expect(await deadlocks(engine.url)).toBe(0);
  });
});

/** Makes the tables. */
async function openAndClose(url: string): Promise<void> {
  const database = openPostgresDatabase({ url, logger: silentLogger });
  await database.counts();
  await database.close();
}
