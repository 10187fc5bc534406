import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import type { Message } from '../../src/core/message.ts';
import type { Database, Verdict } from '../../src/database/database.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS, retry, SUCCEEDED } from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { claimOf, deadlocks, Gateway, idOf, shuffled, withClient } from './postgres/work-load.ts';

const WORKERS = 8;
const ROUNDS = 15;
const TASKS = 60;

describe.skipIf(unavailable('postgresql'))('many workers on one PostgreSQL server', () => {
  const engine = usePostgres();
  const gateway = new Gateway();
  let databases: readonly Database[] = [];

  beforeAll(() => {
    const url = ownSchema(engine);
    databases = Array.from({ length: WORKERS }, () =>
      openPostgresDatabase({ url, logger: silentLogger, connections: 3, statementTimeoutMs: 30_000 }),
    );
  });

  afterAll(() => Promise.all(databases.map((database) => database.close())));

  /** Everyone claims every message: how often each was permitted to run. */
  async function claimTogether(messages: readonly Message[]): Promise<number[]> {
    const permitted = new Map<string, number>();
    await Promise.all(
      databases.map(async (database, at) => {
        const mine = shuffled(messages);
        const lease = { holder: `worker-${at}`, durationMs: LEASE_MS };
        const verdicts: Verdict[] = await database.claim(mine.map(claimOf), lease);
        mine.forEach((message, place) => {
          if (verdicts[place]?.kind !== 'run') return;
          const { identity } = idOf(message);
          permitted.set(identity, (permitted.get(identity) ?? 0) + 1);
        });
      }),
    );
    return messages.map((message) => permitted.get(idOf(message).identity) ?? 0);
  }

  const once = (messages: readonly Message[]): number[] => messages.map(() => 1);

  it('claim, settle, extend and publish each task once, and never in a deadlock', async () => {
    const before = await deadlocks(engine.url);
    for (let round = 0; round < ROUNDS; round += 1) {
      const messages = Array.from({ length: TASKS }, (_, at) =>
        gateway.accept(at % 3 === 0 ? { idempotencyKey: `${round} ${Math.floor(at / 6)}` } : {}),
      );
      expect(await claimTogether(messages)).toEqual(once(messages));
      const held = messages.map(({ id }) => ({ id, run: 1 }));
      await Promise.all(
        databases.map((database, at) =>
          Promise.all([
            database.settle(shuffled(held).map((run) => ({ ...run, outcome: retry(0) }))),
            database.extend(shuffled(held), { holder: `worker-${at}`, durationMs: LEASE_MS }),
            claimTogether(at === 0 ? messages : []),
          ]),
        ),
      );
      const due = (await Promise.all(databases.map((database) => database.due(TASKS)))).flatMap(
        ({ tasks }) => tasks,
      );
      const again = due.map(({ id, run }) => ({
        ...(messages.find((one) => one.id === id) ?? gateway.accept()),
        run,
      }));
      await Promise.all([
        ...databases.map((database) => database.published(shuffled(due))),
        claimTogether(again).then((counts) => expect(counts).toEqual(once(again))),
      ]);
      const second = again.map(({ id, run }) => ({ id, run, outcome: SUCCEEDED }));
      const results = await Promise.all(databases.map((database) => database.settle(shuffled(second))));
      expect(results.flat().filter(({ kind }) => kind === 'lost')).toEqual([]);
    }
    await Promise.all(databases.map((database) => database.close()));
    expect(await deadlocks(engine.url)).toBe(before);
  });

  it('make a call again that had to give way to another', async () => {
    const before = await deadlocks(engine.url);
    const url = ownSchema(engine);
    const database = openPostgresDatabase({
      url: `${url}&options=${encodeURIComponent('-c deadlock_timeout=2s')}`,
      logger: silentLogger,
      statementTimeoutMs: 60_000,
    });
    try {
      await database.counts();
      await withClient(engine.url, async (client) => {
        const lock = (key: string): Promise<unknown> =>
          client.query(`SELECT FROM ${schemaOf(url)}.concurrency_key WHERE key = '${key}' FOR UPDATE`);
        await client.query(`INSERT INTO ${schemaOf(url)}.concurrency_key VALUES ('a'), ('b')`);
        await client.query(`BEGIN; SET LOCAL deadlock_timeout = '60s'`);
        await lock('b');
        const messages = ['a', 'b'].map((concurrencyKey) =>
          gateway.accept({ concurrencyKey, concurrencyLimit: 1 }),
        );
        const claimed = database.claim(messages.map(claimOf), { holder: 'worker', durationMs: LEASE_MS });
        await vi.waitFor(async () => {
          const { rows } = await client.query(
            `SELECT FROM pg_stat_activity WHERE application_name = 'sluice' AND wait_event_type = 'Lock'`,
          );
          expect(rows).toHaveLength(1);
        }, 10_000);
        await lock('a');
        await client.query('COMMIT');
        expect(await claimed).toMatchObject([{ kind: 'run' }, { kind: 'run' }]);
      });
    } finally {
      await database.close();
    }
    expect(await deadlocks(engine.url)).toBeGreaterThan(before);
  });
});
