import { join } from 'node:path';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../src/database/postgres/migrations.ts';
import { withClient } from '../database/postgres/work-load.ts';
import { ownSchema, schemaOf } from '../database/postgres/postgres-under-test.ts';
import { whileFrozen } from '../database/postgres/server-processes.ts';
import { usePostgres, useRabbitmq, useRedis } from '../engines/engine.ts';
import { freePort } from '../engines/free-port.ts';
import { unavailable } from '../packages/unavailable.ts';
import { rabbitmqctl } from '../engines/rabbitmqctl.ts';
import { project } from '../project.ts';
import { sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

interface Check {
  readonly subject: string;
  readonly verdict: string;
  readonly says: string;
  readonly fix?: string;
}

const NEWEST = MIGRATIONS.length;
const ENGINES = ['queue', 'database', 'tables', 'cache', 'signals', 'secret', 'engines', 'spool'];

/** What the doctor says of the engines, by subject. */
async function examine(env: Record<string, string>, ...flags: string[]) {
  const args = ['doctor', '--json', '--port', '0', '--metrics-port', '0', ...flags];
  const { code, stdout, stderr } = await sluice(args, { cwd: echoProject(), env });
  const passwords = Object.values(env).flatMap((url) => /:([^:@/]+)@/.exec(url)?.[1] ?? []);
  expect(passwords.filter((password) => (stdout + stderr).includes(password))).toEqual([]);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  const known = checks.filter(({ subject }) => ENGINES.includes(subject));
  return { code, of: Object.fromEntries(known.map(({ subject, ...check }) => [subject, check])) };
}

function says(text: string | RegExp): string {
  return expect.stringMatching(text) as string;
}

describe('the doctor, of engines that are not there', () => {
  it('says of each that nothing answers, and what to do', async () => {
    const at = `127.0.0.1:${await freePort()}`;
    const { code, of } = await examine({
      SLUICE_QUEUE_URL: `amqp://u:hunter2@${at}`,
      SLUICE_DATABASE_URL: `postgres://u:hunter2@${at}/db`,
      SLUICE_CACHE_URL: `redis://:hunter2@${at}`,
    });
    expect(code).toBe(1);
    const away = (engine: string, from: string): object => ({
      verdict: 'fail',
      says: says(`ECONNREFUSED ${at}$`),
      fix: `start ${engine}, or correct ${from}; its port has to be open to this machine`,
    });
    expect(of).toEqual({
      queue: away('RabbitMQ', 'SLUICE_QUEUE_URL'),
      database: away('PostgreSQL', 'SLUICE_DATABASE_URL'),
      cache: away('Redis', 'SLUICE_CACHE_URL'),
      signals: away('Redis', 'SLUICE_CACHE_URL'),
      secret: { verdict: 'fail', says: says('here is none'), fix: says('SLUICE_SECRET') },
    });
  });

  it('refuses URLs of something else, and shows none', async () => {
    const wrong = 'https://u:hunter2@host';
    const { of } = await examine({
      SLUICE_QUEUE_URL: wrong,
      SLUICE_DATABASE_URL: wrong,
      SLUICE_CACHE_URL: wrong,
      SLUICE_SIGNALS_URL: 'redis://u:hunter2@host?what=1',
    });
    for (const engine of ['queue', 'database', 'cache', 'signals']) {
      expect(of[engine]).toMatchObject({ verdict: 'fail', says: says('it has to be') });
      expect(of[engine]?.fix).toContain(`SLUICE_${engine.toUpperCase()}_URL`);
    }
  });

  it('says which file of the URL of the database can not be read', async () => {
    const at = `127.0.0.1:${await freePort()}`;
    const { of } = await examine({
      SLUICE_DATABASE_URL: `postgres://u:hunter2@${at}/db?sslmode=verify-full&sslrootcert=nowhere.pem`,
    });
    expect(of['database']).toMatchObject({ verdict: 'fail', says: says('sslrootcert .*nowhere.pem') });
    expect(of['database']?.fix).toContain('SLUICE_DATABASE_URL');
  });

  it('says which URL is missing, and that a spool is of no use without them', async () => {
    const { of } = await examine({ SLUICE_DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:9/db' });
    expect(of['engines']).toEqual({
      verdict: 'fail',
      says: 'the URL of the database is given alone',
      fix: says('SLUICE_QUEUE_URL'),
    });
    const spooling = await examine({}, '--spool', 'spool');
    expect(spooling.of).toEqual({ spool: { verdict: 'fail', says: says('embedded'), fix: 'leave it out' } });
  });
});

describe.skipIf(unavailable('rabbitmq-server', 'postgresql', 'redis-server'))(
  'the doctor, of engines',
  () => {
    const engines = { queue: useRabbitmq(1), database: usePostgres(), cache: useRedis() };
    const careless = usePostgres(['-c', 'fsync=off']);
    const waiting = usePostgres(['-c', 'synchronous_standby_names=ANY 2 (a, b)']);
    const otherQueue = useRabbitmq(1);
    let sound: Record<string, string>;

    beforeAll(() => {
      const urls = Object.entries(engines).map(([name, { url }]) => [
        `SLUICE_${name.toUpperCase()}_URL`,
        url,
      ]);
      sound = { ...Object.fromEntries(urls), SLUICE_SECRET: 's'.repeat(40) };
    });

    /** With the tables of a release that made so many steps. */
    async function atVersion(version: number, role?: string): Promise<Check | undefined> {
      const url = ownSchema(engines.database);
      if (version > 0) {
        await sluice(['migrate'], { env: { SLUICE_DATABASE_URL: url } });
        await withClient(url, async (client) => {
          const table = `${schemaOf(url)}.migration`;
          await client.query(`DELETE FROM ${table} WHERE step > ${version}`);
          if (version > NEWEST) await client.query(`INSERT INTO ${table} (step) VALUES (${version})`);
          if (role)
            await client.query(
              `GRANT USAGE ON SCHEMA ${schemaOf(url)} TO ${role}; GRANT SELECT ON ${table} TO ${role}`,
            );
        });
      }
      const user = role ? url.replace(/\/\/[^@]*@/, `//${role}:hunter2@`) : url;
      const { of } = await examine({ ...sound, SLUICE_DATABASE_URL: user });
      return of['tables'] as Check | undefined;
    }

    it('finds sound ones sound, says what they promise, and leaves nothing in them', async () => {
      const folder = join(project({}), 'spool');
      const url = ownSchema(engines.database);
      const { code, of } = await examine(
        { ...sound, SLUICE_DATABASE_URL: url },
        '--spool',
        folder,
        '--require-durable',
      );
      expect(code).toBe(0);
      expect(of).toEqual({
        queue: { verdict: 'ok', says: says(/^RabbitMQ \S+, one node: .* synced to the disk of that node$/) },
        database: { verdict: 'ok', says: says(/^PostgreSQL \S+, each commit is synced to the disk/) },
        tables: {
          verdict: 'ok',
          says: says(/there is no schema "test_\w+" yet; the first process makes it/),
        },
        cache: { verdict: 'ok', says: says(/^Redis \d+\.\d+\.\d+ does what is needed$/) },
        signals: { verdict: 'ok', says: says(/^Redis \d/) },
        secret: { verdict: 'ok', says: 'given' },
        spool: { verdict: 'ok', says: `${folder} can be written` },
      });
      await withClient(engines.database.url, async (client) => {
        const { rows } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schemaOf(url)]);
        expect(rows).toEqual([]);
      });
      expect(await rabbitmqctl(engines.queue, 0, 'list_queues', 'name')).toBe('');
    });

    it('says which version the tables have and this release needs', async () => {
      await withClient(engines.database.url, (client) =>
        client.query(`CREATE ROLE poor LOGIN PASSWORD 'hunter2'`),
      );
      expect(await atVersion(NEWEST)).toMatchObject({
        verdict: 'ok',
        says: says(`at version ${NEWEST}, that of`),
      });
      expect(await atVersion(NEWEST - 1)).toMatchObject({
        verdict: 'warn',
        fix: says('run "sluice migrate"'),
      });
      expect(await atVersion(NEWEST + 1)).toMatchObject({
        verdict: 'warn',
        says: says(`newer than ${NEWEST}`),
      });
      const refused = {
        verdict: 'fail',
        says: says('may not'),
        fix: says('"sluice migrate" with the URL of a user'),
      };
      expect(await atVersion(0, 'poor')).toMatchObject(refused);
      expect(await atVersion(NEWEST - 1, 'poor')).toMatchObject(refused);
    });

    it('warns of commits that can be lost, and fails where they have to last', async () => {
      const env = { ...sound, SLUICE_DATABASE_URL: careless.url };
      const loses = { says: says('fsync is off'), fix: says('set fsync,') };
      expect((await examine(env)).of['database']).toEqual({ verdict: 'warn', ...loses });
      expect((await examine(env, '--require-durable')).of['database']).toEqual({ verdict: 'fail', ...loses });
    });

    it('fails where no commit can end: the standby that it waits for is away', async () => {
      const { code, of } = await examine({ ...sound, SLUICE_DATABASE_URL: waiting.url });
      expect(of['database']).toEqual({
        verdict: 'fail',
        says: says(/ANY 2 \(a, b\).*; commits wait for a standby that is not connected$/),
        fix: says('synchronous_standby_names'),
      });
      expect(code).toBe(1);
    });

    it('says that a server refuses the password', async () => {
      const wrong = (url: string): string =>
        url.replace(/\/\/([^:@/]*:)?[^@/]*@|\/\/(?=127)/, '//someone:hunter2@');
      const { of } = await examine({
        SLUICE_QUEUE_URL: wrong(engines.queue.url),
        SLUICE_DATABASE_URL: wrong(engines.database.url),
        SLUICE_CACHE_URL: wrong(engines.cache.url),
      });
      expect(of).toMatchObject({
        queue: {
          verdict: 'fail',
          says: says('refuses the user or the password'),
          fix: says('in SLUICE_QUEUE_URL'),
        },
        database: {
          verdict: 'fail',
          says: says('password authentication failed'),
          fix: says('in SLUICE_DATABASE_URL'),
        },
        cache: { verdict: 'fail', says: says('WRONGPASS'), fix: says('in SLUICE_CACHE_URL') },
      });
    });

    it('says which right is missing in Redis', async () => {
      const { url } = engines.cache;
      const redis = new Redis(url);
      const rights = ['hello', 'client', 'select', 'evalsha', 'eval', 'getrange', 'set'].map(
        (one) => `+${one}`,
      );
      await redis.call('ACL', 'SETUSER', 'poor', 'on', '>hunter2', '~*', '&*', '-@all', ...rights);
      redis.disconnect();
      const { of } = await examine({ ...sound, SLUICE_CACHE_URL: url.replace('//', '//poor:hunter2@') });
      expect(of['cache']).toMatchObject({ verdict: 'fail', says: says(/NOPERM.*'get'/) });
      expect(of['signals']).toMatchObject({ verdict: 'fail', says: says(/NOPERM/) });
    });

    it('warns of a node that is away, and says which', async () => {
      const at = `127.0.0.1:${await freePort()}`;
      const { code, of } = await examine({
        ...sound,
        SLUICE_QUEUE_URL: engines.queue.url.replace('@', `@${at},`),
      });
      expect(of['queue']).toEqual({
        verdict: 'warn',
        says: says(new RegExp(`^1 of 2 nodes answer; RabbitMQ .*\\n${at}: .*ECONNREFUSED`)),
        fix: says('start the others'),
      });
      expect(code).toBe(0);
    });

    it('finds out that nodes are not in one cluster', async () => {
      const [, others = ''] = otherQueue.url.split('@');
      const { code, of } = await examine({ ...sound, SLUICE_QUEUE_URL: `${engines.queue.url},${others}` });
      expect(of['queue']).toEqual({
        verdict: 'fail',
        says: says(new RegExp(`^not in one cluster with \\S+: ${others}$`)),
        fix: says('join_cluster'),
      });
      expect(code).toBe(1);
    });

    it('says that the user may not make queues', async () => {
      await rabbitmqctl(engines.queue, 0, 'add_user', 'poor', 'hunter2');
      await rabbitmqctl(engines.queue, 0, 'set_permissions', 'poor', '^other', '.*', '.*');
      const url = engines.queue.url.replace('guest:guest', 'poor:hunter2');
      const { of } = await examine({ ...sound, SLUICE_QUEUE_URL: url });
      expect(of['queue']).toMatchObject({
        verdict: 'fail',
        says: says('may not make queues such as sluice.'),
      });
    });

    it('comes to an end with engines that are frozen, and says that they do not answer', async () => {
      const { queue, database, cache } = engines;
      const frozen = [...queue.processes, ...cache.processes];
      for (const process of frozen) process.signal('SIGSTOP');
      try {
        const [server] = database.processes;
        if (!server) throw new Error('there is no server');
        await whileFrozen(database.url, server, async () => {
          const { of } = await examine(sound);
          for (const [engine, name] of Object.entries({
            queue: 'RabbitMQ',
            database: 'PostgreSQL',
            cache: 'Redis',
          })) {
            expect(of[engine]).toEqual({
              verdict: 'fail',
              says: says(/TIMEDOUT|timed? ?out/i),
              fix: says(`start ${name}`),
            });
          }
        });
      } finally {
        for (const process of frozen) process.signal('SIGCONT');
      }
    });
  },
);
