import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import type { Database } from '../../src/database/database.ts';
import { openPostgresDatabase } from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS, SUCCEEDED } from '../../src/testing/database/database-tester.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { admitBalancer, type Balancer, startBalancer } from './postgres/balancer.ts';
import { ownSchema } from './postgres/postgres-under-test.ts';
import { type Standby, standbyOf } from './postgres/standby.ts';
import { claimOf, Gateway, idOf, withClient } from './postgres/work-load.ts';

const LEASE = { holder: 'worker', durationMs: LEASE_MS };
const WAIT = { timeout: 30_000, interval: 100 };

describe.skipIf(unavailable('postgresql', 'haproxy'))('PostgreSQL servers behind HAProxy', () => {
  const engine = usePostgres();
  const gateway = new Gateway();
  let standby: Standby | undefined;
  let balancer: Balancer | undefined;
  let database: Database | undefined;

  beforeAll(async () => {
    await admitBalancer(engine.url);
    const process = engine.processes[0] ?? assert.fail('there is no server');
    standby = await standbyOf({ url: engine.url, process });
    // The standby first: that it is passed over is the doing of the check.
    balancer = await startBalancer([standby.url, engine.url].map((url) => new URL(url).port));
  });

  afterAll(async () => {
    await database?.close();
    await balancer?.remove();
    await standby?.remove();
  });

  it('are one to the driver, which goes on where the standby has taken over, with all that was confirmed', async () => {
    await withClient(engine.url, async (client) => {
      await client.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
      await client.query('SELECT pg_reload_conf()');
    });
    const { port = '' } = balancer ?? {};
    const url = `${ownSchema(engine).replace(/:\d+\//, `:${port}/`)}&failover=yes`;
    const subject = openPostgresDatabase({ url, logger: silentLogger, connectTimeoutMs: 1000 });
    database = subject;
    await vi.waitFor(
      async () => expect(await subject.health()).toMatchObject({ ok: true, durable: true }),
      WAIT,
    );

    const messages = Array.from({ length: 20 }, () => gateway.accept());
    expect(await subject.claim(messages.map(claimOf), LEASE)).toMatchObject(
      messages.map(() => ({ kind: 'run' })),
    );
    const settlements = messages.map(({ id }) => ({ id, run: 1, outcome: SUCCEEDED }));
    await engine.processes[0]?.kill();
    await expect(subject.settle(settlements)).rejects.toMatchObject({ code: 'SLUICE_DATABASE_UNAVAILABLE' });
    await standby?.promote();
    const results = await vi.waitFor(() => subject.settle(settlements), WAIT);
    expect(results.map(({ kind }) => kind)).toEqual(messages.map(() => 'settled'));
    const found = await subject.get(messages.map(idOf));
    expect(found.map((lookup) => lookup.kind === 'found' && lookup.record.state)).toEqual(
      messages.map(() => 'succeeded'),
    );
  });
});
