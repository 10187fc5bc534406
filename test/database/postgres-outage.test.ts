import assert from 'node:assert/strict';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { decodeMessage, type Message } from '../../src/core/message.ts';
import { isTerminal } from '../../src/core/state.ts';
import type { Database, HeldRun } from '../../src/database/database.ts';
import {
  openPostgresDatabase,
  type PostgresDatabaseOptions,
} from '../../src/database/postgres/postgres-database.ts';
import { LEASE_MS, SUCCEEDED } from '../../src/testing/database/database-tester.ts';
import type { TaskRecord } from '../../src/core/task-record.ts';
import { usePostgres } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { ownSchema, schemaOf } from './postgres/postgres-under-test.ts';
import { lossyProxy } from './postgres/lossy-proxy.ts';
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
      const held: HeldRun[] = [];
      while (!over) {
        const messages = Array.from({ length: 20 }, () => gateway.accept());
        while (messages.some(({ id }) => !ended.has(id))) {
          await work(database, messages, held).catch((error: unknown) => refused.push(error));
          const lookups = await database.get(messages.map(idOf)).catch(() => []);
          for (const lookup of lookups) {
            if (lookup.kind === 'found' && isTerminal(lookup.record.state)) ended.add(lookup.record.id);
          }
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

  it('permits a run and the answer is lost, the task is taken back uncharged with the next call', async () => {
    const proxy = await lossyProxy(engine.url);
    const url = ownSchema(engine);
    const [database, observer] = [open({ url: proxy.through(url) }), open({ url })];
    try {
      const key = { concurrencyKey: 'k', concurrencyLimit: 1 };
      const messages = [gateway.accept(), gateway.accept(key), gateway.accept({ idempotencyKey: 'k' })];
      await database.claim([claimOf(gateway.accept())], LEASE);
      proxy.deaf = true;
      await expect(database.claim(messages.map(claimOf), LEASE)).rejects.toMatchObject({
        code: 'SLUICE_DATABASE_UNAVAILABLE',
      });
      expect(await statesOf(observer, messages)).toEqual(['running', 'running', 'running']);
      proxy.deaf = false;
      expect((await database.due(10)).tasks).toHaveLength(3);
      const records = await recordsOf(observer, messages);
      expect(
        records.map(({ state, interruptions, attempts, run }) => [state, interruptions, attempts, run]),
      ).toEqual(messages.map(() => ['scheduled', 0, 0, 1]));
      const again = messages.map((message) => claimOf({ ...message, run: 2 }));
      expect(await database.claim(again, LEASE)).toMatchObject(messages.map(() => ({ kind: 'run', run: 2 })));
      await database.counts();
      expect(await statesOf(observer, messages)).toEqual(['running', 'running', 'running']);
    } finally {
      await proxy.close();
    }
  });

  it('gets a claim so late that it was taken back already, it permits nothing', async () => {
    const proxy = await lossyProxy(engine.url);
    const url = ownSchema(engine);
    const [database, observer] = [open({ url: proxy.through(url) }), open({ url })];
    try {
      const message = gateway.accept();
      await database.counts();
      proxy.slow = true;
      await expect(database.claim([claimOf(message)], LEASE)).rejects.toMatchObject({
        code: 'SLUICE_DATABASE_UNAVAILABLE',
      });
      proxy.slow = false;
      await database.counts();
      await proxy.deliver();
      expect(await observer.get([idOf(message)])).toEqual([{ kind: 'none' }]);
      expect(await database.claim([claimOf(message)], LEASE)).toMatchObject([{ kind: 'run' }]);
    } finally {
      await proxy.close();
    }
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
    // What was sent to it is done before it is taken back, or not at all.
    await vi.waitFor(() => database.counts(), 10_000);
    const [verdict] = await database.claim([claimOf(message)], LEASE);
    const due = verdict?.kind === 'drop' ? (await database.due(1)).tasks : [];
    expect(verdict?.kind === 'run' || due.length === 1).toBe(true);
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
    await expect(database.counts()).rejects.toMatchObject({
      code: 'SLUICE_DATABASE_UNAVAILABLE',
      data: { timedOut: false },
    });
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
        data: { timedOut: true },
      });
    });
    expect(await database.claim([next], LEASE)).toMatchObject([{ kind: 'run', version: 2 }]);
  });
});

async function recordsOf(database: Database, messages: readonly Message[]): Promise<TaskRecord[]> {
  const lookups = await database.get(messages.map(idOf));
  return lookups.map((lookup) => (lookup.kind === 'found' ? lookup.record : assert.fail(lookup.kind)));
}

async function statesOf(database: Database, messages: readonly Message[]): Promise<string[]> {
  return (await recordsOf(database, messages)).map(({ state }) => state);
}

/** What a worker does with what the queue has delivered, and with what is due; after a failure the same once more. */
async function work(database: Database, messages: readonly Message[], held: HeldRun[]): Promise<void> {
  if (held.length === 0) {
    const { tasks: due } = await database.due(100);
    const again = due.map(({ body, run }) => ({ ...decodeMessage(body), run }));
    const delivered = [...messages, ...again];
    const verdicts = await database.claim(delivered.map(claimOf), LEASE);
    verdicts.forEach((verdict, at) => {
      if (verdict.kind === 'run') held.push({ id: delivered[at]?.id ?? '', run: verdict.run });
    });
  }
  const results = await database.settle(held.map(({ id, run }) => ({ id, run, outcome: SUCCEEDED })));
  const states = results.map((result) => result.kind === 'settled' && result.record.state);
  assert.deepEqual(
    states,
    held.map(() => 'succeeded'),
  );
  held.splice(0);
}
