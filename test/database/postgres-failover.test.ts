import assert from 'node:assert/strict';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import type { Database } from '../../src/database/database.ts';
import {
  openPostgresDatabase,
  type PostgresDatabaseOptions,
} from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS, SUCCEEDED } from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema } from './postgres/postgres-under-test.ts';
import { restart } from './postgres/server-processes.ts';
import { type Standby, standbyOf } from './postgres/standby.ts';
import { claimOf, Gateway, idOf, withClient } from './postgres/work-load.ts';

const LEASE = { holder: 'worker', durationMs: LEASE_MS };

describe.skipIf(unavailable('postgresql'))('a PostgreSQL server with a standby', () => {
  const engine = usePostgres();
  const gateway = new Gateway();
  const opened: Database[] = [];
  let standby: Standby | undefined;

  beforeAll(async () => {
    const process = engine.processes[0] ?? assert.fail('there is no server');
    standby = await standbyOf({ url: engine.url, process });
  });
  afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));
  afterAll(() => standby?.remove());

  /** @param hosts their ports, in this order */
  function open(
    url: string,
    hosts: readonly string[],
    options: Partial<PostgresDatabaseOptions> = {},
  ): Database {
    const ports = hosts.map((port) => `127.0.0.1:${port}`).join(',');
    const database = openPostgresDatabase({
      url: url.replace(/@[^/]*/, `@${ports}`),
      logger: silentLogger,
      connectTimeoutMs: 1000,
      ...options,
    });
    opened.push(database);
    return database;
  }

  function configure(setting: string): Promise<void> {
    return withClient(engine.url, async (client) => {
      await client.query(`ALTER SYSTEM SET ${setting}`);
      await client.query('SELECT pg_reload_conf()');
    });
  }

  function waitingCommits(): Promise<number> {
    return withClient(engine.url, async (client) => {
      const { rowCount } = await client.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
      return rowCount ?? 0;
    });
  }

  const portOf = (url: string): string => new URL(url).port;
  const second = (): Standby => standby ?? assert.fail('there is no standby');

  it('is found, whichever host is named first', async () => {
    const database = open(ownSchema(engine), [portOf(second().url), portOf(engine.url)]);
    expect(await database.claim([claimOf(gateway.accept())], LEASE)).toMatchObject([{ kind: 'run' }]);
  });

  it('is told from a standby, which takes no writes', async () => {
    const database = open(ownSchema(engine), [portOf(second().url)]);
    await expect(database.counts()).rejects.toMatchObject({
      code: 'SLUICE_DATABASE_UNAVAILABLE',
      data: { reason: 'it is a standby and takes no writes' },
    });
    const alone = open(ownSchema(engine), [portOf(second().url), '1']);
    expect(await alone.health()).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/no host takes writes: it is a standby.*; .*ECONNREFUSED/),
    });
  });

  it('counts as durable by itself only where no standby may take over, or the URL says that none does', async () => {
    const url = ownSchema(engine);
    const [untold, none, some] = ['', '&failover=no', '&failover=yes'].map((end) =>
      open(url + end, [portOf(engine.url)]),
    );
    await vi.waitFor(
      async () =>
        expect(await untold?.health()).toMatchObject({
          ok: true,
          durable: false,
          durability: expect.stringMatching(/can lose the last commits; .* say failover=no in the URL$/),
        }),
      20_000,
    );
    expect(await none?.health()).toMatchObject({ ok: true, durable: true });
    expect(await some?.health()).toMatchObject({
      ok: true,
      durable: false,
      durability: expect.stringMatching(/can lose the last commits$/),
    });
  });

  it('says that commits wait for a standby that is away, and is left alone until it is back', async () => {
    const url = ownSchema(engine);
    const database = open(url, [portOf(engine.url)], { connections: 3, statementTimeoutMs: 200 });
    const observer = open(url, [portOf(engine.url)]);
    await database.counts();
    await configure(`synchronous_standby_names = 'FIRST 1 (*)'`);
    await vi.waitFor(async () => expect(await observer.health()).toMatchObject({ ok: true }), 20_000);
    await second().process.stop();
    await vi.waitFor(
      async () =>
        expect(await observer.health()).toMatchObject({
          ok: false,
          durable: true,
          reason: 'commits wait for a standby that is not connected',
        }),
      20_000,
    );
    const claim = (): Promise<unknown> => database.claim([claimOf(gateway.accept())], LEASE);
    for (let time = 0; time < 12; time += 1) {
      await expect(claim()).rejects.toMatchObject({ code: 'SLUICE_DATABASE_UNAVAILABLE' });
    }
    await expect(claim()).rejects.toMatchObject({
      data: { reason: 'commits wait for a standby that is not connected' },
    });
    expect(await waitingCommits()).toBeLessThanOrEqual(3);
    expect(await observer.counts()).toEqual(expect.anything());
    await restart(second().process);
    await vi.waitFor(claim, 20_000);
    await vi.waitFor(async () => expect(await waitingCommits()).toBe(0), 20_000);
    await configure(`synchronous_standby_names = ''`);
  });

  it('is followed to the one that takes its place, which has all that was confirmed', async () => {
    const url = ownSchema(engine);
    const database = open(url, [portOf(engine.url), portOf(second().url)]);
    await vi.waitFor(async () => {
      const health = await database.health();
      expect(health).toMatchObject({ ok: true, durable: false });
      expect(health.durability).toContain('a failover can lose the last commits');
    }, 20_000);
    await configure(`synchronous_standby_names = '*'`);
    await vi.waitFor(async () => expect(await database.health()).toMatchObject({ durable: true }), 20_000);

    const messages = Array.from({ length: 20 }, () => gateway.accept());
    await database.claim(messages.map(claimOf), LEASE);
    await engine.processes[0]?.kill();
    await vi.waitFor(
      () => expect(database.counts()).rejects.toMatchObject({ code: 'SLUICE_DATABASE_UNAVAILABLE' }),
      20_000,
    );
    await second().promote();
    const settlements = messages.map(({ id }) => ({ id, run: 1, outcome: SUCCEEDED }));
    const results = await vi.waitFor(() => database.settle(settlements), 20_000);
    expect(results.map(({ kind }) => kind)).toEqual(messages.map(() => 'settled'));
    const found = await database.get(messages.map(idOf));
    expect(found.map((lookup) => lookup.kind === 'found' && lookup.record.state)).toEqual(
      messages.map(() => 'succeeded'),
    );
  });
});
