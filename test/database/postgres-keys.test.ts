import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import type { Database } from '../../src/database/database.ts';
import { inSchema } from '../../src/database/postgres/migrations.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS, RETENTION, SUCCEEDED } from '../../src/testing/database/database-tester.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { claimOf, Gateway, withClient } from './postgres/work-load.ts';

const LEASE = { holder: 'worker', durationMs: LEASE_MS };

describe.skipIf(unavailable('postgresql'))('concurrency keys that nobody uses', () => {
  const engine = usePostgres();
  const gateway = new Gateway();
  const opened: Database[] = [];

  afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

  async function start() {
    const clock = fakeClock();
    const url = ownSchema(engine);
    const database = openPostgresDatabase({ url, clock, logger: silentLogger });
    opened.push(database);
    await database.list({ tenant: 'default', limit: 1 });
    const query = (sql: string) =>
      withClient(engine.url, (client) => client.query<{ key: string }>(inSchema(schemaOf(url), sql)));
    const keys = async (): Promise<string[]> =>
      (await query('SELECT key FROM sluice.concurrency_key ORDER BY key')).rows.map(({ key }) => key);
    return { database, clock, query, keys };
  }

  async function hold(database: Database, concurrencyKey: string): Promise<string> {
    const message = gateway.accept({ concurrencyKey, concurrencyLimit: 1 });
    await database.claim([claimOf(message)], LEASE);
    return message.id;
  }

  it('go in the end, however many are before them, and those in use stay', async () => {
    const { database, query, keys } = await start();
    await hold(database, 'key 777');
    await hold(database, 'waited for');
    await query(`INSERT INTO sluice.concurrency_key SELECT 'key ' || n FROM generate_series(1, 2000) n
                 ON CONFLICT DO NOTHING`);
    for (let round = 0; round < 10; round += 1) await database.sweep(RETENTION, 200);
    expect(await keys()).toEqual(['key 777', 'waited for']);
    // It begins with the first again.
    await query(`INSERT INTO sluice.concurrency_key VALUES ('a')`);
    for (let round = 0; round < 2; round += 1) await database.sweep(RETENTION, 200);
    expect(await keys()).toEqual(['key 777', 'waited for']);
  });

  it('wait while there is more to remove that is old', async () => {
    const { database, clock, keys } = await start();
    for (const key of ['a', 'b']) {
      const id = await hold(database, key);
      await database.settle([{ id, run: 1, outcome: SUCCEEDED }]);
    }
    clock.advance(RETENTION.rowsMs + 1);
    expect(await database.sweep(RETENTION, 2)).toMatchObject({ rows: 2 });
    expect(await keys()).toEqual(['a', 'b']);
    expect(await database.sweep(RETENTION, 2)).toMatchObject({ rows: 0 });
    expect(await keys()).toEqual([]);
  });
});
