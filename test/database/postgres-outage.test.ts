import assert from 'node:assert/strict';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import type { Message } from '../../src/core/message.ts';
import type { Database } from '../../src/database/database.ts';
import {
  openPostgresDatabase,
  type PostgresDatabaseOptions,
} from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS, SUCCEEDED } from '../../src/testing/database/database-tester.ts';
import { unavailable, usePostgres } from '../engines/engine.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { restart, whileFrozen } from './postgres/server-processes.ts';
import { claimOf, Gateway, idOf, withClient } from './postgres/work-load.ts';

const LEASE = { holder: 'worker', durationMs: LEASE_MS };

// An error that nobody handles fails the run: vitest sees to that.
describe.skipIf(unavailable('postgresql'))('when the PostgreSQL server', () => {
  const engine = usePostgres();
  const gateway = new Gateway();
  const opened: Database[] = [];

  afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

  function open(options: Partial<PostgresDatabaseOptions> = {}): Database {
    const database = openPostgresDatabase({
      url: ownSchema(engine),
      logger: silentLogger,
      connectTimeoutMs: 300,
      statementTimeoutMs: 300,
      ...options,
    });
    opened.push(database);
    return database;
  }

  const server = () => engine.processes[0] ?? assert.fail('there is no server');

  it('is killed in the middle, calls say that it is unavailable, and what was begun is finished after its restart', async () => {
    const database = open({ statementTimeoutMs: 20_000 });
    await database.counts();
    const ended = new Set<string>();
    const refused: unknown[] = [];
    let over = false;
    const worker = async (): Promise<void> => {
      while (!over) {
        const messages = Array.from({ length: 20 }, () => gateway.accept());
        while (messages.some(({ id }) => !ended.has(id))) {
          await work(database, messages, ended).catch((error: unknown) => refused.push(error));
        }
      }
    };
    const workers = [worker(), worker(), worker(), worker()];
    await vi.waitFor(() => expect(ended.size).toBeGreaterThan(100), 30_000);
    await server().kill();
    await vi.waitFor(() => expect(refused.length).toBeGreaterThan(10), 30_000);
    await restart(server());
    const before = ended.size;
    await vi.waitFor(() => expect(ended.size).toBeGreaterThan(before + 100), 30_000);
    over = true;
    await Promise.all(workers);
    expect(refused.filter((error) => !SluiceError.is(error, 'SLUICE_DATABASE_UNAVAILABLE'))).toEqual([]);
  });

  it('is frozen, every call ends all the same, and the next one after it has thawed is answered', async () => {
    const database = open({ connections: 2 });
    const message = gateway.accept();
    await database.counts();
    await whileFrozen(engine.url, server(), async () => {
      const calls = [
        ...Array.from({ length: 6 }, () => database.counts()),
        database.claim([claimOf(message)], LEASE),
        database.list({ tenant: 'default', limit: 1 }),
      ];
      const results = await Promise.allSettled(calls);
      expect(results.map(({ status }) => status)).toEqual(calls.map(() => 'rejected'));
      for (const result of results) {
        const error: unknown = result.status === 'rejected' ? result.reason : undefined;
        expect(error).toMatchObject({ code: 'SLUICE_DATABASE_UNAVAILABLE' });
      }
      await expect(database.health()).resolves.toMatchObject({ ok: false, durable: false });
    });
    // What was sent to it may have been done after all.
    const [verdict] = await vi.waitFor(() => database.claim([claimOf(message)], LEASE), 10_000);
    expect(['run', 'drop']).toContain(verdict?.kind);
  });

  it('is killed while nothing is asked, nobody hears of it', async () => {
    const database = open();
    await Promise.all([database.counts(), database.counts(), database.counts()]);
    await server().kill();
    const refused = { code: 'SLUICE_DATABASE_UNAVAILABLE' };
    await vi.waitFor(() => expect(database.counts()).rejects.toMatchObject(refused), 10_000);
    await restart(server());
    await vi.waitFor(() => database.counts(), 10_000);
  });

  it('is frozen, closing ends and leaves no connection', async () => {
    const database = open();
    await Promise.all([database.counts(), database.counts(), database.counts()]);
    await whileFrozen(engine.url, server(), async () => {
      await database.close();
      await vi.waitFor(() => expect(process.getActiveResourcesInfo()).not.toContain('TCPSocketWrap'), 10_000);
    });
  });

  it('is away at the start, opening succeeds and it is found when it comes', async () => {
    await server().kill();
    const database = open();
    await expect(database.counts()).rejects.toMatchObject({ code: 'SLUICE_DATABASE_UNAVAILABLE' });
    expect(await database.health()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    await restart(server());
    await vi.waitFor(() => database.claim([claimOf(gateway.accept())], LEASE), 10_000);
    expect(await database.health()).toMatchObject({ ok: true });
  });

  it('takes too long over a statement, the call says that it is unavailable', async () => {
    const url = ownSchema(engine);
    const database = open({ url });
    const key = { concurrencyKey: 'k', concurrencyLimit: 2 };
    await database.claim([claimOf(gateway.accept(key))], LEASE);
    const next = claimOf(gateway.accept(key));
    await withClient(engine.url, async (client) => {
      await client.query('BEGIN');
      await client.query(`LOCK TABLE ${schemaOf(url)}.concurrency_key`);
      await expect(database.claim([next], LEASE)).rejects.toMatchObject({
        code: 'SLUICE_DATABASE_UNAVAILABLE',
      });
    });
    expect(await database.claim([next], LEASE)).toMatchObject([{ kind: 'run', version: 2 }]);
  });
});

/** What a worker does with what the queue has delivered; after a failure the same once more. */
async function work(database: Database, messages: readonly Message[], ended: Set<string>): Promise<void> {
  await database.claim(messages.map(claimOf), LEASE);
  const results = await database.settle(messages.map(({ id }) => ({ id, run: 1, outcome: SUCCEEDED })));
  const lookups = await database.get(messages.map(idOf));
  results.forEach(({ kind }, at) => {
    const lookup = lookups[at];
    assert.equal(kind, 'settled');
    assert.ok(lookup?.kind === 'found' && lookup.record.state === 'succeeded' && lookup.record.version === 3);
    ended.add(lookup.record.id);
  });
}
