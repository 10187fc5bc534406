import { describe, expect, it } from 'vitest';
import { withClient } from '../database/postgres/work-load.ts';
import { ownSchema } from '../database/postgres/postgres-under-test.ts';
import { usePostgres, useRabbitmq } from '../engines/engine.ts';
import { freePort } from '../engines/free-port.ts';
import { unavailable } from '../packages/unavailable.ts';
import { serving, sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

const SECRET = 's'.repeat(40);
const ROLES = ['start', 'gateway', 'worker'] as const;
const ON_FREE_PORTS = ['--json', '--port', '0', '--metrics-port', '0'];

describe('what an embedded server promises', () => {
  it('is in the log once, and is enough for --require-durable', async () => {
    const options = { cwd: echoProject(), env: { SLUICE_LOG_LEVEL: 'info' } };
    const server = await serving(['start', '--json', '--require-durable'], options);
    const line = { queue: expect.stringContaining('SQLite') as string };
    await expect.poll(() => promises(server.said())).toMatchObject([line]);
  });
});

describe.skipIf(unavailable('rabbitmq-server', 'postgresql'))('what the engines promise', () => {
  const queue = useRabbitmq(1);
  const database = usePostgres();
  const careless = usePostgres(['-c', 'fsync=off']);

  /** A project that is built, and the environment of a process that works on these engines. */
  async function project(databaseUrl: string): Promise<{ cwd: string; env: Record<string, string> }> {
    const cwd = echoProject();
    expect(await sluice(['build'], { cwd })).toMatchObject({ code: 0 });
    const engines = { SLUICE_QUEUE_URL: queue.url, SLUICE_DATABASE_URL: databaseUrl };
    return { cwd, env: { ...engines, SLUICE_SECRET: SECRET, SLUICE_LOG_LEVEL: 'info' } };
  }

  it.each(ROLES)('is in the log of %s once, in a line', async (role) => {
    const server = await serving([role, 'build', '--json'], await project(ownSchema(database)));
    await expect
      .poll(() => promises(server.said()), { timeout: 30_000 })
      .toEqual([
        {
          level: 30,
          queue: expect.stringMatching(
            /^RabbitMQ \S+, one node: .* synced to the disk of that node$/,
          ) as string,
          database: expect.stringMatching(/^PostgreSQL \S+, each commit is synced to the disk/) as string,
        },
      ]);
  });

  it('is a warning where it can be lost, and not known where the engine is away', async () => {
    const { cwd, env } = await project(ownSchema(careless));
    const away = { ...env, SLUICE_DATABASE_URL: careless.url.replace(/:\d+\//, `:${await freePort()}/`) };
    const [weak, unknown] = [
      await serving(['gateway', 'build', '--json'], { cwd, env }),
      await serving(['gateway', 'build', '--json'], { cwd, env: away }),
    ];
    const loses = { level: 40, database: expect.stringContaining('fsync is off') as string };
    await expect.poll(() => promises(weak.said()), { timeout: 30_000 }).toMatchObject([loses]);
    const later = { level: 30, database: expect.stringMatching(/^not known yet: .*ECONNREFUSED/) as string };
    await expect.poll(() => promises(unknown.said()), { timeout: 30_000 }).toMatchObject([later]);
  });

  it.each(ROLES)('is enough for %s --require-durable with what PostgreSQL does by itself', async (role) => {
    const server = await serving(
      [role, 'build', '--json', '--require-durable'],
      await project(ownSchema(database)),
    );
    expect(await server.end()).toBe(0);
  });

  it('is, with a spool, that of its disk too, and enough for --require-durable', async () => {
    const options = await project(ownSchema(database));
    const server = await serving(
      ['gateway', 'build', '--json', '--require-durable', '--spool', 'spool'],
      options,
    );
    const both = /that node; with the spool, to this disk alone where the queue does not confirm in time$/;
    await expect
      .poll(() => promises(server.said()), { timeout: 30_000 })
      .toMatchObject([{ level: 30, queue: expect.stringMatching(both) as string }]);
  });

  it.each(ROLES)('is not enough for %s --require-durable without fsync', async (role) => {
    const options = await project(ownSchema(careless));
    const { code, stderr } = await sluice([role, 'build', '--require-durable', ...ON_FREE_PORTS], options);
    expect(code).toBe(8);
    expect(stderr).toContain('SLUICE_DURABILITY_INSUFFICIENT');
    expect(stderr).toMatch(/asks for more of the database: PostgreSQL \S+ fsync is off: .* Mend that/);
  });

  it('is not enough where commits are not waited for, for this user alone even', async () => {
    await withClient(database.url, (client) =>
      client.query(`CREATE ROLE hasty LOGIN SUPERUSER PASSWORD 'hasty';
                    ALTER ROLE hasty SET synchronous_commit = off`),
    );
    const options = await project(ownSchema(database).replace(/\/\/[^@]*@/, '//hasty:hasty@'));
    const { code, stderr } = await sluice(
      ['worker', 'build', '--require-durable', ...ON_FREE_PORTS],
      options,
    );
    expect([code, stderr]).toEqual([8, expect.stringContaining('synchronous_commit is off')]);
  });

  it('is not known of a database that is away: a worker waits for it elsewhere, a gateway accepts', async () => {
    const options = await project(database.url.replace(/:\d+\//, `:${await freePort()}/`));
    const { code, stderr } = await sluice(
      ['worker', 'build', '--require-durable', ...ON_FREE_PORTS],
      options,
    );
    expect([code, stderr]).toEqual([8, expect.stringContaining('it can not be asked what it promises (')]);
    const gateway = await serving(['gateway', 'build', '--json', '--require-durable'], options);
    const accepted = await fetch(`${gateway.url}/v1/tasks/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"a"}',
    });
    expect(accepted.status).toBe(202);
  });
});

/** The lines of the log about it. */
function promises(said: string): unknown[] {
  return said.split('\n').flatMap((line) => {
    if (!/"msg":"[^"]*(?:promises? less|as the engines promise)/.test(line)) return [];
    const { level, queue, database } = JSON.parse(line) as Record<string, unknown>;
    return [{ level, queue, database }];
  });
}
