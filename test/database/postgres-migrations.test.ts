import assert from 'node:assert/strict';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import type { Database } from '../../src/database/database.ts';
import { inSchema, migrate, MIGRATIONS } from '../../src/database/postgres/migrations.ts';
import { migratePostgres } from '../../src/database/postgres/migrate-postgres.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS, SUCCEEDED } from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { claimOf, Gateway, withClient } from './postgres/work-load.ts';

const LEASE = { holder: 'worker', durationMs: LEASE_MS };
/** What a later release may do to the tables. */
const NEXT_STEP = `
  ALTER TABLE sluice.task ADD COLUMN later text;
  ALTER TABLE sluice.task ADD COLUMN sooner integer NOT NULL DEFAULT 7;
  CREATE INDEX task_later ON sluice.task (later) WHERE later IS NOT NULL;`;

describe.skipIf(unavailable('postgresql'))('the tables on a PostgreSQL server', () => {
  const engine = usePostgres();
  const gateway = new Gateway();
  const opened: Database[] = [];

  afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

  function open(url: string): Database {
    const database = openPostgresDatabase({ url, logger: silentLogger });
    opened.push(database);
    return database;
  }

  function stepsApplied(url: string): Promise<number[]> {
    return withClient(engine.url, async (client) => {
      const { rows } = await client.query<{ step: number }>(
        `SELECT step FROM ${schemaOf(url)}.migration ORDER BY step`,
      );
      return rows.map(({ step }) => step);
    });
  }

  async function worksOn(database: Database): Promise<void> {
    const message = gateway.accept();
    expect(await database.claim([claimOf(message)], LEASE)).toMatchObject([{ kind: 'run' }]);
    expect(await database.settle([{ id: message.id, run: 1, outcome: SUCCEEDED }])).toMatchObject([
      { kind: 'settled', record: { state: 'succeeded' } },
    ]);
  }

  it('are made once by many that start together', async () => {
    const url = ownSchema(engine);
    await Promise.all(Array.from({ length: 8 }, () => worksOn(open(url))));
    expect(await stepsApplied(url)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  it('are made by whoever is asked for nothing else, and then are there', async () => {
    const url = ownSchema(engine);
    const [schema, newest] = [schemaOf(url), MIGRATIONS.length];
    expect(await migratePostgres(url)).toEqual({ schema, from: 0, to: newest });
    expect(await migratePostgres(url)).toEqual({ schema, from: newest, to: newest });
    await worksOn(open(url));
  });

  it('may be taken further while this release works, and it starts on them again', async () => {
    const url = ownSchema(engine);
    const schema = schemaOf(url);
    const database = open(url);
    // A statement keeps its plan from the sixth time on.
    for (let time = 0; time < 8; time += 1) await worksOn(database);
    let over = false;
    const working = (async () => {
      while (!over) await worksOn(database);
    })();
    await withClient(engine.url, async (client) => {
      const [from, to] = [MIGRATIONS.length, MIGRATIONS.length + 1];
      expect(await migrate(client, { schema, steps: [...MIGRATIONS, NEXT_STEP] })).toEqual({ from, to });
    });
    over = true;
    await working;
    for (let time = 0; time < 8; time += 1) await worksOn(database);
    await worksOn(open(url));
    expect(await stepsApplied(url)).toHaveLength(MIGRATIONS.length + 1);
  });

  it('stay as they were when a step fails', async () => {
    const url = ownSchema(engine);
    const steps = [...MIGRATIONS, NEXT_STEP, 'SELECT 1 / 0'];
    await withClient(engine.url, (client) =>
      expect(migrate(client, { schema: schemaOf(url), steps })).rejects.toThrow('division by zero'),
    );
    await worksOn(open(url));
    expect(await stepsApplied(url)).toHaveLength(MIGRATIONS.length);
  });

  it('need no more than a schema of their own', async () => {
    const url = ownSchema(engine);
    const schema = schemaOf(url);
    await withClient(engine.url, (client) =>
      client.query(`CREATE ROLE owner LOGIN PASSWORD 'secret'; CREATE SCHEMA ${schema} AUTHORIZATION owner`),
    );
    await worksOn(open(url.replace(/\/\/[^@]*@/, '//owner:secret@')));
    expect(await stepsApplied(url)).toHaveLength(MIGRATIONS.length);
  });

  it('need no right to change them where they are up to date', async () => {
    const url = ownSchema(engine);
    const schema = schemaOf(url);
    await migratePostgres(url);
    await withClient(engine.url, (client) =>
      client.query(
        `CREATE ROLE app LOGIN PASSWORD 'secret';
         GRANT USAGE ON SCHEMA ${schema} TO app;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO app;`,
      ),
    );
    const asApp = url.replace(/\/\/[^@]*@/, '//app:secret@');
    await worksOn(open(asApp));
    await expect(open(asApp.replace(schema, 'elsewhere')).counts()).rejects.toMatchObject({
      code: 'SLUICE_DATABASE_UNAVAILABLE',
      data: { reason: expect.stringContaining('permission denied') },
    });
  });

  it('are in the schema that the URL names, all of them', async () => {
    const sql = MIGRATIONS.map((step) => inSchema('other', step)).join('\n');
    expect(sql).not.toMatch(/\bsluice\b/);
    assert.equal(inSchema('sluice', MIGRATIONS.join('\n')), MIGRATIONS.join('\n'));
  });
});
