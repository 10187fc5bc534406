import { afterEach, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../src/core/logger.ts';
import type { Database } from '../../src/database/database.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS, SUCCEEDED } from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { refusingServer } from './postgres/refusing-server.ts';
import { claimOf, Gateway, withClient } from './postgres/work-load.ts';

const LEASE = { holder: 'worker', durationMs: LEASE_MS };
const gateway = new Gateway();
const opened: Database[] = [];

afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

function open(url: string, logger: Logger = silentLogger): Database {
  const database = openPostgresDatabase({ url, logger });
  opened.push(database);
  return database;
}

function unavailableFor(reason: string): object {
  return { code: 'SLUICE_DATABASE_UNAVAILABLE', data: { reason, timedOut: false } };
}

describe('a server that refuses every connection', () => {
  it.each([
    ['XX000', 'max clients reached'],
    ['21000', 'a pooler counts in its own way'],
    ['22023', 'invalid value for a parameter of the start'],
    ['23000', 'a hook of the login found something'],
    ['54000', 'the start is too long'],
    ['40001', 'conflict with recovery'],
    ['28P01', 'password authentication failed'],
    ['53300', 'too many clients already'],
  ])('says nothing against what was asked, with %s', async (state, message) => {
    const server = await refusingServer(state, message);
    const warnings: unknown[] = [];
    const warn = (...line: unknown[]): void => void warnings.push(line);
    const database = open(server.url, { ...silentLogger, warn });
    const settlement = { id: gateway.accept().id, run: 1, outcome: SUCCEEDED };
    await expect(database.settle([settlement])).rejects.toMatchObject(unavailableFor(message));
    await expect(database.claim([claimOf(gateway.accept())], LEASE)).rejects.toMatchObject(
      unavailableFor(message),
    );
    expect(warnings).toEqual([['PostgreSQL can not be used; it is tried again', { reason: message }]]);
    expect(await database.health()).toMatchObject({ ok: false, reason: message });
    await server.close();
  });
});

describe.skipIf(unavailable('postgresql'))('a server that fails inside', () => {
  const engine = usePostgres();

  it.each(['XX000', 'XX001', 'XX002'])('says nothing against what was asked, with %s', async (state) => {
    const url = ownSchema(engine);
    const database = open(url);
    const message = gateway.accept();
    await database.claim([claimOf(message)], LEASE);
    const settlement = { id: message.id, run: 1, outcome: SUCCEEDED };
    const failing = `ALTER FUNCTION ${schemaOf(url)}.settle RENAME TO sound;
      CREATE FUNCTION ${schemaOf(url)}.settle(json, json, bigint, bigint) RETURNS json LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'the index is damaged' USING ERRCODE = '${state}'; END $$`;
    await withClient(url, (client) => client.query(failing));
    await expect(database.settle([settlement])).rejects.toMatchObject(unavailableFor('the index is damaged'));
    await withClient(url, (client) =>
      client.query(
        `DROP FUNCTION ${schemaOf(url)}.settle; ALTER FUNCTION ${schemaOf(url)}.sound RENAME TO settle`,
      ),
    );
    expect(await database.settle([settlement])).toMatchObject([{ kind: 'settled' }]);
  });
});
