import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { decodeMessage } from '../../src/core/message.ts';
import type { Database } from '../../src/database/database.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import {
  INTERRUPTION_LIMIT,
  LEASE_MS,
  RETENTION,
  retry,
  SUCCEEDED,
} from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { claimOf, Gateway, idOf, sessionsEnded, withClient } from './postgres/work-load.ts';

const ROWS_OF_EACH_STATE = 20_000;
const BATCH = 50;
/** More than every call together has to look at, less than there is of any state. */
const MOST_READ = 12_000;

describe.skipIf(unavailable('postgresql'))('the statements on a PostgreSQL server', () => {
  const engine = usePostgres();

  it('read no more than they need of 100,000 tasks, though they were planned when there was none', async () => {
    const url = ownSchema(engine);
    const schema = schemaOf(url);
    const database = openPostgresDatabase({ url, logger: silentLogger, connections: 1 });
    const gateway = new Gateway();
    // A statement keeps its plan from the sixth time on.
    for (let time = 0; time < 7; time += 1) await useAll(database, gateway, 2);
    await withClient(engine.url, (client) => client.query(filling(schema)));
    const before = await rowsRead(engine.url, schema);
    await useAll(database, gateway, BATCH);
    await database.close();
    await sessionsEnded(engine.url);
    const read = (await rowsRead(engine.url, schema)) - before;
    expect(read).toBeGreaterThan(BATCH);
    expect(read).toBeLessThan(MOST_READ);
  });
});

/** Calls everything that is called while tasks are worked on. */
async function useAll(database: Database, gateway: Gateway, batch: number): Promise<void> {
  const lease = { holder: 'worker', durationMs: LEASE_MS };
  const messages = Array.from({ length: batch }, (_, at) =>
    gateway.accept(
      at % 2 === 0
        ? { idempotencyKey: `${gateway.time} ${at}` }
        : { concurrencyKey: `key ${at % 10}`, concurrencyLimit: 3 },
    ),
  );
  await database.claim(messages.map(claimOf), lease);
  const runs = messages.map(({ id }) => ({ id, run: 1 }));
  await database.extend(runs, lease);
  await database.settle(runs.map((run, at) => ({ ...run, outcome: at % 2 === 0 ? retry(0) : SUCCEEDED })));
  const { tasks: due } = await database.due(batch);
  await database.published(due);
  const again = due.map(({ body, run }) => ({ ...decodeMessage(body), run }));
  await database.claim(again.map(claimOf), lease);
  await database.settle(
    due.map(({ id, run }) => ({ id, run, outcome: { ...SUCCEEDED, followUps: ['child'] } })),
  );
  await database.followUps(batch);
  await database.followUpsPublished(due.map(({ id }) => id));
  await database.get(messages.map(idOf));
  const [first] = messages;
  if (first) await database.cancel(idOf(first), 'default', RETENTION.horizonMs);
  const rejected = gateway.accept();
  await database.reject([
    { id: idOf(rejected), tenant: 'default', task: 'resize', error: { code: 'X', message: 'x' } },
  ]);
  await database.recover({ limit: batch, interruptionLimit: INTERRUPTION_LIMIT });
  const lost = { before: gateway.time, after: gateway.time, limit: batch };
  await database.reconcile({ queue: 'default', priority: 'normal', lane: 0 }, lost);
  await database.sweep(RETENTION, batch);
  await database.list({ tenant: 'default', limit: batch });
}

/** Tasks of another queue in every state: some running, and as many as said that are queued, due, blocked, ended. */
function filling(schema: string): string {
  const insert = (state: string, columns: string, values: string, count: number): string =>
    `INSERT INTO ${schema}.task
       (pk, identity, keyed, id, tenant, task, queue, state, version, run, created_at, changed_at, ${columns})
     SELECT md5('${state}' || n)::uuid, decode(substr(md5('${state}' || n), 13), 'hex'), n % 2 = 0, '${state}' || n,
       'default', 'resize', 'other', '${state}', 2, 1, n, n, ${values}
     FROM generate_series(1, ${count}) n;`;
  const later = '32503680000000';
  return [
    insert('running', 'started_at, lease_until, lease_holder', `n, ${later}, 'other'`, 2000),
    insert('queued', 'due_at', 'NULL', ROWS_OF_EACH_STATE),
    insert('scheduled', 'due_at', `${later} + n`, ROWS_OF_EACH_STATE),
    insert('blocked', 'concurrency_key, blocked_number', `'other ' || n, n`, ROWS_OF_EACH_STATE),
    `INSERT INTO ${schema}.concurrency_key SELECT 'other ' || n FROM generate_series(1, ${ROWS_OF_EACH_STATE}) n;`,
    insert('succeeded', 'finished_at, has_body', `${later} + n, true`, 2 * ROWS_OF_EACH_STATE),
  ].join('\n');
}

/** All rows and entries of indexes that were ever looked at. */
function rowsRead(url: string, schema: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ read: string }>(
      `SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_all_tables WHERE schemaname = $1)
         + (SELECT sum(idx_tup_read) FROM pg_stat_all_indexes WHERE schemaname = $1) AS read`,
      [schema],
    );
    return Number(rows[0]?.read);
  });
}
