import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Contender } from '../contender.ts';
import {
  postgresEngine,
  rabbitmqEngine,
  redisEngine,
  versionOfPostgres,
  versionOfRabbitmq,
  versionOfRedis,
} from '../engines.ts';
import { compile, inRepository } from '../repository.ts';
import type { Launch } from '../server-process.ts';
import type { Setting } from '../setting.ts';

const COMMAND_LINE = inRepository('bin/sluice.js');
const TASKS = inRepository('bench/tasks/length.ts');
const RUNNERS = `${availableParallelism()} runners`;

/** `sluice start`. Where it is to accept only, `sluice gateway` on the same folder. */
export async function sluiceEmbedded(setting: Setting): Promise<Contender> {
  const { folder } = setting;
  const launch = launcher(setting, {});
  const data = ['--data', join(folder, 'data')];
  return {
    name: 'Sluice, embedded',
    durability: 'fsync of the write-ahead log before the 202 (SQLite, synchronous = FULL)',
    processes: `server, ${RUNNERS}`,
    versions: `Sluice ${version()}, ${setting.peers.version('node')}`,
    engines: [],
    accepting: [launch('gateway', [...PORT, ...data])],
    working: [launch('start', [...PORT, ...data])],
  };
}

/** A gateway and a worker on RabbitMQ (one node), PostgreSQL and Redis. */
export async function sluiceOnEngines(setting: Setting): Promise<Contender> {
  const { folder } = setting;
  const queue = await setting.start(await rabbitmqEngine(folder));
  const database = await setting.start(await postgresEngine(folder));
  const cache = await setting.start(await redisEngine(folder, 'none'));
  const versions = [
    `Sluice ${version()}`,
    setting.peers.version('node'),
    await versionOfRabbitmq(queue),
    await versionOfPostgres(database),
    await versionOfRedis(cache, 'none'),
  ];
  const launch = launcher(setting, {
    SLUICE_QUEUE_URL: queue.url,
    SLUICE_DATABASE_URL: database.url,
    SLUICE_CACHE_URL: cache.url,
    SLUICE_SECRET: randomBytes(24).toString('hex'),
  });
  const gateway = launch('gateway', PORT);
  return {
    name: 'Sluice, engines',
    durability: 'fsync of the quorum queue before the 202, then of PostgreSQL (synchronous_commit = on)',
    processes: `gateway, worker, ${RUNNERS}`,
    versions: versions.join(', '),
    engines: [queue, database, cache],
    accepting: [gateway],
    working: [gateway, launch('worker', [])],
  };
}

const PORT = ['--port', '0'];
const ALWAYS = ['--json', '--require-durable', '--metrics-port', '0'];

function version(): string {
  return (JSON.parse(readFileSync(inRepository('package.json'), 'utf8')) as { version: string }).version;
}

/** Builds the task, and returns what makes a process of a command of Sluice. */
function launcher(
  { folder, peers }: Setting,
  env: NonNullable<Launch['env']>,
): (command: string, args: readonly string[]) => Launch {
  compile('tsconfig.build.json');
  // What `npm install sluice` would leave there.
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(inRepository(''), join(folder, 'node_modules/sluice'));
  const build = join(folder, 'build');
  execFileSync(peers.node, [COMMAND_LINE, 'build', TASKS, '--out', build], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 2],
  });
  return (command, args) => ({
    name: command,
    command: [peers.node, COMMAND_LINE, command, build, ...ALWAYS, ...args],
    env,
    folder,
  });
}
