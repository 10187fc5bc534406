import { describe, expect, it } from 'vitest';
import { createSluice } from '../../src/create-sluice.ts';
import type { EngineUrls } from '../../src/engines.ts';
import { sluice } from '../cli/cli.ts';
import { echoProject } from '../cli/echo-project.ts';
import { ownSchema } from '../database/postgres/postgres-under-test.ts';
import { recordingLogger } from '../redis/recording-logger.ts';
import { usePostgres, useRabbitmq } from './engine.ts';
import { unavailable } from '../packages/unavailable.ts';

const SECRET = 's'.repeat(40);
/** Nobody listens there; and nobody is asked where the configuration alone is wrong. */
const QUEUE = 'amqp://u:hunter2@127.0.0.1:9';
const DATABASE = 'postgres://u:hunter2@127.0.0.1:9/db';
const CACHE = 'redis://u:hunter2@127.0.0.1:9';
const BOTH = { queue: QUEUE, database: DATABASE };

interface Misfit {
  readonly what: string;
  readonly engines: EngineUrls;
  readonly spool?: string;
  readonly secret?: string;
  readonly code: string;
  /** Of the process; 2 where not given. */
  readonly exit?: number;
  /** What the message has to say, so that it can be put right. */
  readonly says: RegExp;
}

const INVALID = 'SLUICE_OPTION_INVALID';
const MISFITS: readonly Misfit[] = [
  {
    what: 'the queue without the database',
    engines: { queue: QUEUE },
    code: INVALID,
    says: /URL of the database is missing; it has to be given .* or leave out both/,
  },
  {
    what: 'the database without the queue',
    engines: { database: DATABASE },
    code: INVALID,
    says: /URL of the queue is missing; it has to be given .* or leave out both/,
  },
  {
    what: 'a queue of another kind',
    engines: { ...BOTH, queue: 'kafka://u:hunter2@host' },
    code: INVALID,
    says: /URL of the queue is kafka:\/\/…; it has to be one that begins with amqp: or amqps:/,
  },
  {
    what: 'a database of another kind',
    engines: { ...BOTH, database: 'mysql://u:hunter2@host' },
    code: INVALID,
    says: /URL of the database is mysql:\/\/…; .* postgres: or postgresql:/,
  },
  {
    what: 'a cache of another kind',
    engines: { cache: 'memcached://u:hunter2@host' },
    code: INVALID,
    says: /URL of the cache is memcached:\/\/…; .* redis: or rediss: or unix:/,
  },
  {
    what: 'signals of another kind',
    engines: { cache: CACHE, signals: 'nats://u:hunter2@host' },
    code: INVALID,
    says: /URL of the signals is nats:\/\/…; .* redis:/,
  },
  {
    what: 'a password for a URL',
    engines: { ...BOTH, queue: 'hunter2' },
    code: INVALID,
    says: /URL of the queue is not a URL; it has to be one that begins with amqp:/,
  },
  {
    what: 'a URL of the queue with a slip of the pen',
    engines: { ...BOTH, queue: 'amqp://u:hunter2@host:port' },
    code: INVALID,
    says: /host in the URL of the queue is malformed; it has to be host or host:port/,
  },
  {
    what: 'an unknown parameter of the queue',
    engines: { ...BOTH, queue: `${QUEUE}?hartbeat=5` },
    code: INVALID,
    says: /parameter in the URL of the queue is "hartbeat"; it has to be one of heartbeat,/,
  },
  {
    what: 'a URL of the database with a slip of the pen',
    engines: { ...BOTH, database: 'postgres://u:hunter2@host:port/db' },
    code: INVALID,
    says: /database URL is .* it has to be postgres:\/\//,
  },
  {
    what: 'a password that is not in UTF-8',
    engines: { ...BOTH, database: 'postgres://u:hunter2%e9@host/db' },
    code: INVALID,
    says: /database URL is .* percent-encoded as UTF-8/,
  },
  {
    what: 'a certificate that is nowhere',
    engines: { ...BOTH, database: `${DATABASE}?sslmode=verify-full&sslrootcert=nowhere.pem` },
    code: 'SLUICE_DATABASE_UNUSABLE',
    exit: 8,
    says: /database can not be used: sslrootcert .*nowhere\.pem.*Change that, or the URL of the database/,
  },
  {
    what: 'a URL of the cache with a slip of the pen',
    engines: { ...BOTH, cache: 'redis://u:hunter2@host/first' },
    code: INVALID,
    says: /URL of the cache is a URL that names no place.* it has to be redis:\/\//,
  },
  {
    what: 'a spool before an embedded queue',
    engines: {},
    spool: 'spool',
    code: INVALID,
    says: /The spool is given; it has to be left out/,
  },
  {
    what: 'no secret to share',
    engines: BOTH,
    secret: '',
    code: 'SLUICE_SECRET_INVALID',
    says: /all of them need the same one. Give SLUICE_SECRET/,
  },
];

describe.each(MISFITS)('an installation with $what', (misfit) => {
  const { engines, spool, secret = SECRET, code, exit = 2, says } = misfit;

  it('is refused by createSluice', async () => {
    const logger = recordingLogger();
    const tasks = `${echoProject()}/tasks`;
    const refused = createSluice({
      tasks,
      engines,
      logger,
      runners: 1,
      ...(spool === undefined ? {} : { spool }),
      ...(secret === '' ? {} : { secrets: [secret] }),
    });
    const error: unknown = await refused
      .then((running) => running.close(0))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(says) as string });
    expect(JSON.stringify([error, String(error), logger.entries])).not.toContain('hunter2');
  });

  it('is refused on the command line', async () => {
    const urls = Object.entries(engines).map(([engine, url]) => [`SLUICE_${engine.toUpperCase()}_URL`, url]);
    const env: Record<string, string> = { ...Object.fromEntries(urls), SLUICE_SECRET: secret };
    const flags = spool === undefined ? [] : ['--spool', spool];
    const {
      code: ended,
      stdout,
      stderr,
    } = await sluice(['start', '--port', '0', ...flags], {
      cwd: echoProject(),
      env: { ...env, SLUICE_LOG_LEVEL: 'debug' },
    });
    expect([ended, stderr]).toEqual([exit, expect.stringMatching(says)]);
    expect(stderr).toContain(`(${code})`);
    expect(stdout + stderr).not.toContain('hunter2');
  });
});

describe.skipIf(unavailable('rabbitmq-server', 'postgresql'))('engines that are there', () => {
  const [queue, database] = [useRabbitmq(1), usePostgres()];

  /** A worker that has to end by itself. */
  async function failure(queueUrl: string, databaseUrl = ownSchema(database)) {
    const env = { SLUICE_QUEUE_URL: queueUrl, SLUICE_DATABASE_URL: databaseUrl, SLUICE_SECRET: SECRET };
    const ran = await sluice(['worker', '--metrics-port', '0'], {
      cwd: echoProject(),
      env: { ...env, SLUICE_LOG_LEVEL: 'debug' },
    });
    expect(ran.stdout + ran.stderr).not.toContain('hunter2');
    return ran;
  }

  it.each([
    [
      'the password',
      (url: string) => url.replace('guest:guest', 'guest:hunter2'),
      'the user or the password',
    ],
    ['the virtual host', (url: string) => `${url}/nowhere`, 'no virtual host "nowhere"'],
  ])('that refuse %s are told of, without it', async (_what, spoil, reason) => {
    const { code, stderr } = await failure(spoil(queue.url));
    expect([code, stderr]).toEqual([8, expect.stringContaining(reason)]);
    expect(stderr).toMatch(/Change that, or the URL of the queue\..*SLUICE_QUEUE_UNUSABLE/);
  });
});
