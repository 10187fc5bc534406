import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/cli/client/server-problem.ts';
import { MIGRATIONS } from '../../src/database/postgres/migrations.ts';
import { withClient } from '../database/postgres/work-load.ts';
import { ownSchema, schemaOf } from '../database/postgres/postgres-under-test.ts';
import { usePostgres } from '../engines/engine.ts';
import { freePort } from '../engines/free-port.ts';
import { unavailable } from '../packages/unavailable.ts';
import { project } from '../project.ts';
import { type Ran, sluice } from './cli.ts';

const NEWEST = MIGRATIONS.length;

function migrate(url: string, ...flags: string[]): Promise<Ran> {
  return sluice(['migrate', ...flags], { cwd: project({}), env: { SLUICE_DATABASE_URL: url } });
}

/** The code of the problem and the exit code; whatever it is, no password is in what was said. */
async function failure(url: string): Promise<readonly [code: string, exit: number | null, detail: string]> {
  const { code, stdout, stderr } = await migrate(url, '--json');
  const password = /:([^:@/]+)@/.exec(url)?.[1] ?? 'hunter2';
  expect(stdout + stderr).not.toContain(password);
  const problem = JSON.parse(stderr) as Problem;
  return [problem.code ?? '', code, problem.detail ?? ''];
}

describe('sluice migrate', () => {
  it('says that an embedded database needs none', async () => {
    const options = { cwd: project({}) };
    expect(await sluice(['migrate'], options)).toEqual({
      code: 0,
      stdout: '',
      stderr: 'The database is embedded: its folder is brought up to date whenever a server starts.\n',
    });
    const { stdout } = await sluice(['migrate', '--json'], options);
    expect(JSON.parse(stdout)).toEqual({ database: 'embedded' });
  });

  it.each(['mysql://u:hunter2@host/db', 'hunter2', 'postgres://u:hunter2@host:port/db', 'u:hunter2@host/db'])(
    'refuses the URL %s without showing it',
    async (url) => {
      const [code, exit, detail] = await failure(url);
      expect([code, exit]).toEqual(['SLUICE_OPTION_INVALID', 2]);
      expect(detail).toMatch(/it has to be .*postgres:/);
    },
  );

  it('says that nothing answers, and what to look at', async () => {
    const [code, exit, detail] = await failure(`postgres://u:hunter2@127.0.0.1:${await freePort()}/db`);
    expect([code, exit]).toEqual(['SLUICE_ENGINE_UNREACHABLE', 8]);
    expect(detail).toMatch(/database can not be reached: .*ECONNREFUSED.* See that it runs/);
  });
});

describe.skipIf(unavailable('postgresql'))('sluice migrate on a PostgreSQL server', () => {
  const engine = usePostgres();

  it('says from which version to which, and then that there is nothing to do', async () => {
    const url = ownSchema(engine);
    const schema = schemaOf(url);
    expect(await migrate(url)).toEqual({
      code: 0,
      stdout: '',
      stderr: `migrated the schema "${schema}" from version 0 to version ${NEWEST}.\n`,
    });
    expect((await migrate(url)).stderr).toBe(`The schema "${schema}" is already at version ${NEWEST}.\n`);
    expect(JSON.parse((await migrate(url, '--json')).stdout)).toEqual({
      database: 'postgres',
      schema,
      from: NEWEST,
      to: NEWEST,
    });
  });

  it('waits for one that is under way elsewhere; of several that wait, one does it', async () => {
    const url = ownSchema(engine);
    const ran = await withClient(engine.url, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `sluice:${schemaOf(url)}`,
      ]);
      const migrating = Promise.all(Array.from({ length: 4 }, () => migrate(url, '--json')));
      await expect.poll(waitForLock, { timeout: 30_000 }).toBe(4);
      await client.query('COMMIT');
      return migrating;
    });
    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const found = ran.map(({ stdout }) => (JSON.parse(stdout) as { from: number; to: number }).from);
    expect(found.toSorted((one, other) => one - other)).toEqual([0, NEWEST, NEWEST, NEWEST]);
  });

  it.each([
    ['the password', (url: URL) => (url.password = 'hunter2'), 'password authentication failed'],
    ['no password', (url: URL) => (url.password = ''), 'the URL has none'],
    ['the database', (url: URL) => (url.pathname = '/nowhere'), 'database "nowhere" does not exist'],
    ['TLS', (url: URL) => url.searchParams.set('sslmode', 'verify-full'), 'does not offer TLS'],
  ])('says that the server refuses %s', async (_what, spoil, reason) => {
    const url = new URL(engine.url);
    spoil(url);
    const [code, exit, detail] = await failure(url.href);
    expect([code, exit]).toEqual(['SLUICE_DATABASE_UNUSABLE', 8]);
    expect(detail).toContain(reason);
  });

  it('says which right is missing', async () => {
    await withClient(engine.url, (client) => client.query(`CREATE ROLE poor LOGIN PASSWORD 'hunter2'`));
    const url = ownSchema(engine).replace(/\/\/[^@]*@/, '//poor:hunter2@');
    const [code, exit, detail] = await failure(url);
    expect([code, exit]).toEqual(['SLUICE_DATABASE_UNUSABLE', 8]);
    expect(detail).toContain('permission denied for database postgres');
  });

  it('leaves the tables of a newer release as they are, and says so', async () => {
    const url = ownSchema(engine);
    await migrate(url);
    await withClient(engine.url, (client) =>
      client.query(`INSERT INTO ${schemaOf(url)}.migration (step) VALUES (${NEWEST + 1})`),
    );
    const [code, exit, detail] = await failure(url);
    expect([code, exit]).toEqual(['SLUICE_DATABASE_NEWER', 5]);
    expect(detail).toContain(`version ${NEWEST + 1}`);
  });

  function waitForLock(): Promise<number> {
    return withClient(engine.url, async (client) => {
      const { rows } = await client.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
      return rows.length;
    });
  }
});
