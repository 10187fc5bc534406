import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { postgres, postgresUrl } from '../../src/cluster/engines/postgres.ts';
import { epmd, type RabbitmqOptions } from '../../src/cluster/engines/rabbitmq.ts';
import { redis } from '../../src/cluster/engines/redis.ts';
import type { Member } from '../../src/cluster/member.ts';
import { freePort } from '../../test/engines/free-port.ts';
import { Engine } from './engine.ts';
import { plainRabbitmq } from './plain-rabbitmq.ts';

/** How a Redis keeps what it is given: never, within a second, or before it answers. */
export type RedisDurability = 'none' | 'everysec' | 'always';

/**
 * The time in which a PostgreSQL stands still counts for it, too: with the five minutes that it has by itself, each turn
 * would begin with a checkpoint, and the measured windows would hold all of them.
 */
const NO_CHECKPOINTS = ['-c', 'checkpoint_timeout=1h', '-c', 'max_wal_size=4GB'];

/** PostgreSQL as it comes, but for checkpoints: `fsync` and `synchronous_commit` are on. */
export async function postgresEngine(folder: string): Promise<Engine> {
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const member = postgres({ name: 'postgres', folder: join(folder, 'postgres'), port, password });
  return new Engine(postgresUrl(port, password), [withArgs(member, NO_CHECKPOINTS)], folder);
}

/** @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ */
export async function redisEngine(folder: string, durability: RedisDurability): Promise<Engine> {
  const port = await freePort();
  const member = redis({ name: 'redis', folder: join(folder, 'redis'), port });
  const appending = durability === 'none' ? [] : ['--appendonly', 'yes', '--appendfsync', durability];
  return new Engine(`redis://127.0.0.1:${port}`, [withArgs(member, appending)], folder);
}

/** RabbitMQ as it comes. */
export async function rabbitmqEngine(folder: string): Promise<Engine> {
  const options: RabbitmqOptions = {
    folder,
    epmdPort: await freePort(),
    cookie: randomBytes(12).toString('hex'),
    nodes: [{ port: await freePort(), distributionPort: await freePort() }],
  };
  const url = `amqp://guest:guest@127.0.0.1:${options.nodes[0]?.port}`;
  return new Engine(url, [epmd(options), plainRabbitmq(options)], folder);
}

/** Its version. Rejects where a commit would not be synced before it is confirmed. */
export async function versionOfPostgres({ url }: Engine): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const names = ['fsync', 'full_page_writes', 'synchronous_commit', 'server_version'];
  const { rows } = await client.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1)',
    [names],
  );
  await client.end();
  const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  for (const name of names.slice(0, 3)) expectSetting(name, settings[name], 'on');
  return `PostgreSQL ${settings['server_version']?.split(' ')[0]}`;
}

/** Its version. Rejects where it does not keep what it is given in that way. */
export async function versionOfRedis({ url }: Engine, durability: RedisDurability): Promise<string> {
  const client = new Redis(url);
  const settings = await client.config('GET', 'append*', 'maxmemory-policy');
  const info = await client.info('server');
  await client.quit();
  const value = (name: string): string | undefined => settings[settings.indexOf(name) + 1];
  expectSetting('appendonly', value('appendonly'), durability === 'none' ? 'no' : 'yes');
  if (durability !== 'none') expectSetting('appendfsync', value('appendfsync'), durability);
  expectSetting('maxmemory-policy', value('maxmemory-policy'), 'noeviction');
  return `Redis ${/redis_version:(\S+)/.exec(info)?.[1]}`;
}

/** Its version. */
export async function versionOfRabbitmq({ url }: Engine): Promise<string> {
  const model = await connect(url);
  const { version } = model.connection.serverProperties;
  await model.close();
  return `RabbitMQ ${version}`;
}

/** @param args beside those that it has */
function withArgs(member: Member, args: readonly string[]): Member {
  return {
    ...member,
    launch() {
      const launch = member.launch();
      return { ...launch, args: [...launch.args, ...args] };
    },
  };
}

function expectSetting(name: string, value: string | undefined, expected: string): void {
  if (value !== expected) throw new Error(`${name} is ${value}, and not ${expected}`);
}
