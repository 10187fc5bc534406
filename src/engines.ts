import { resolve } from 'node:path';
import type { Cache } from './cache/cache.ts';
import { openMemoryCache } from './cache/memory/memory-cache.ts';
import { systemClock } from './core/clock.ts';
import { SluiceError } from './core/errors.ts';
import type { Examination } from './core/examination.ts';
import type { Logger } from './core/logger.ts';
import type { Address } from './core/message.ts';
import { systemRandom } from './core/random.ts';
import type { Shutdown } from './core/shutdown.ts';
import type { Database } from './database/database.ts';
import type { DatabaseReport } from './database/postgres/examine-postgres.ts';
import type { Migrated } from './database/postgres/migrations.ts';
import { SQLITE_DATABASE_MODULE, SqliteDatabase } from './database/sqlite/sqlite-database.ts';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from './queue/embedded/embedded-queue.ts';
import type { Queue } from './queue/queue.ts';
import type { QueueReport } from './queue/rabbitmq/examine-rabbitmq.ts';
import { openMemorySignals } from './signals/memory/memory-signals.ts';
import type { Signals } from './signals/signals.ts';
import { folderSecret } from './sqlite/secret-file.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';

export type { DatabaseReport, QueueReport };

/** Where the engines are. Each that is not given is embedded in the process. */
export interface EngineUrls {
  /** `amqp://` or `amqps://`: RabbitMQ. */
  readonly queue?: string | undefined;
  /** `postgres://` or `postgresql://`. */
  readonly database?: string | undefined;
  /** `redis://`, `rediss://` or `unix:`. */
  readonly cache?: string | undefined;
  /** As the cache's. Default: the cache's. */
  readonly signals?: string | undefined;
}

export interface EngineOptions {
  readonly urls?: EngineUrls | undefined;
  /** Folder of the embedded ones. */
  readonly data: string;
  readonly secrets?: readonly string[] | undefined;
  /** Folder to keep on what the queue does not confirm in time. Default: that is refused. */
  readonly spool?: string | undefined;
  /** Where tasks are known to wait. */
  readonly addresses: readonly Address[];
  readonly logger: Logger;
}

const RABBITMQ = ['amqp', 'amqps'];
const POSTGRES = ['postgres', 'postgresql'];
const REDIS = ['redis', 'rediss', 'unix'];

/** The drivers behind the contracts, opened. */
export interface Engines {
  readonly queue: Queue;
  /** Where a gateway puts tasks: the queue, or a spool before it. What the database keeps until it is confirmed needs none. */
  readonly gatewayQueue: Queue;
  readonly database: Database;
  readonly cache: Cache;
  readonly signals: Signals;
  readonly secrets: readonly string[];
  /** No other process works on the database. */
  readonly alone: boolean;
  /** Tasks that wait on this disk for the queue; undefined without a spool. */
  readonly spooled?: () => number;
}

/**
 * Opens the drivers that the URLs name; what is opened is given to `shutdown`.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for a URL, `SLUICE_SECRET_INVALID` where several processes have to share a
 *   secret and none is given, and those of the drivers
 */
export async function openEngines(options: EngineOptions, shutdown: Shutdown): Promise<Engines> {
  const servers = serversOf(options);
  // First those that are not waited for: what is wrong with their URLs is told at once.
  const cache = await openCache(options, shutdown);
  const signals = await openSignals(options, shutdown);
  if (!servers) {
    const stores = await openEmbedded(options, shutdown);
    const secrets = options.secrets ?? [folderSecret(resolve(options.data))];
    return { ...stores, gatewayQueue: stores.queue, cache, signals, secrets };
  }
  const { secrets, ...urls } = servers;
  const stores = await openServers(urls, options, shutdown);
  return { ...stores, ...(await openSpool(stores.queue, options, shutdown)), cache, signals, secrets };
}

/**
 * Brings the tables of the database that `url` names up to date.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for the URL, `SLUICE_ENGINE_UNREACHABLE`, `SLUICE_DATABASE_UNUSABLE`,
 *   `SLUICE_DATABASE_NEWER`
 */
export async function migrateDatabase(url: string): Promise<Migrated & { readonly schema: string }> {
  refuseProtocol('database', url, POSTGRES);
  const { migratePostgres } = await import('./database/postgres/migrate-postgres.ts');
  return migratePostgres(url);
}

/** @throws SluiceError `SLUICE_OPTION_INVALID`, `SLUICE_QUEUE_UNUSABLE` for a file that the URL names */
export async function examineQueue(url: string): Promise<QueueReport> {
  refuseProtocol('queue', url, RABBITMQ);
  const { examineRabbitmq } = await import('./queue/rabbitmq/examine-rabbitmq.ts');
  return examineRabbitmq(url);
}

/** @throws SluiceError `SLUICE_OPTION_INVALID`, `SLUICE_ENGINE_UNREACHABLE`, `SLUICE_DATABASE_UNUSABLE` */
export async function examineDatabase(url: string): Promise<DatabaseReport> {
  refuseProtocol('database', url, POSTGRES);
  const { examinePostgres } = await import('./database/postgres/examine-postgres.ts');
  return examinePostgres(url);
}

/** @throws SluiceError `SLUICE_OPTION_INVALID` */
export async function examineCache(url: string): Promise<Examination> {
  refuseProtocol('cache', url, REDIS);
  const { examineRedisCache } = await import('./cache/redis/examine-redis-cache.ts');
  return examineRedisCache(url);
}

/** @throws SluiceError `SLUICE_OPTION_INVALID` */
export async function examineSignals(url: string): Promise<Examination> {
  refuseProtocol('signals', url, REDIS);
  const { examineRedisSignals } = await import('./signals/redis/examine-redis-signals.ts');
  return examineRedisSignals(url);
}

interface Servers {
  readonly queue: string;
  readonly database: string;
  readonly secrets: readonly string[];
}

/**
 * What has to be given where queue and database are servers; undefined where they are embedded.
 * @throws SluiceError `SLUICE_OPTION_INVALID` or `SLUICE_SECRET_INVALID`
 */
function serversOf({ urls = {}, secrets, spool }: EngineOptions): Servers | undefined {
  const { queue, database } = urls;
  if (queue === undefined && database === undefined) {
    if (spool === undefined) return undefined;
    throw new SluiceError('SLUICE_OPTION_INVALID', SPOOL_NEEDS_QUEUE);
  }
  if (database === undefined) throw onlyTogether('database', 'queue');
  if (queue === undefined) throw onlyTogether('queue', 'database');
  refuseProtocol('queue', queue, RABBITMQ);
  refuseProtocol('database', database, POSTGRES);
  return { queue, database, secrets: secrets ?? refuseNoSecret() };
}

type Stores = Pick<Engines, 'queue' | 'database' | 'alone'>;
type GatewayQueue = Pick<Engines, 'gatewayQueue' | 'spooled'>;

/** Queue and database in one file of this process. */
async function openEmbedded({ data, logger }: EngineOptions, shutdown: Shutdown): Promise<Stores> {
  const modules = [EMBEDDED_QUEUE_MODULE, SQLITE_DATABASE_MODULE];
  const store = await SqliteStore.open({ folder: resolve(data), logger, modules });
  shutdown.add(() => store.close());
  const queue = await EmbeddedQueue.open({ store });
  shutdown.add(() => queue.close());
  return { queue, database: new SqliteDatabase({ store, clock: systemClock }), alone: true };
}

async function openServers(
  urls: Pick<Servers, 'queue' | 'database'>,
  { addresses, logger }: EngineOptions,
  shutdown: Shutdown,
): Promise<Stores> {
  const { openPostgresDatabase } = await import('./database/postgres/postgres-database.ts');
  const database = openPostgresDatabase({ url: urls.database, logger });
  shutdown.add(() => database.close());
  const { openRabbitmqQueue } = await import('./queue/rabbitmq/rabbitmq-queue.ts');
  const queue = await openRabbitmqQueue({ url: urls.queue, addresses, logger, random: systemRandom });
  shutdown.add(() => queue.close());
  return { queue, database, alone: false };
}

/**
 * Puts a spool before the queue. A shutdown forwards first.
 * @throws SluiceError `SLUICE_DATA_LOCKED`, `SLUICE_DATA_UNLOCKABLE` or `SLUICE_DATA_UNUSABLE`
 */
async function openSpool(
  target: Queue,
  { spool: folder, logger }: EngineOptions,
  shutdown: Shutdown,
): Promise<GatewayQueue> {
  if (folder === undefined) return { gatewayQueue: target };
  const store = await SqliteStore.open({ folder: resolve(folder), logger, modules: [EMBEDDED_QUEUE_MODULE] });
  shutdown.add(() => store.close());
  const { SpoolingQueue } = await import('./queue/spool/spooling-queue.ts');
  const queue = await SpoolingQueue.open({ target, spool: await EmbeddedQueue.open({ store }), logger });
  shutdown.add(async (graceMs) => {
    await queue.drain(graceMs);
    await queue.close();
    const count = queue.spooled;
    if (count > 0) throw new SluiceError('SLUICE_SPOOL_LEFT', { count, folder: resolve(folder) });
  });
  return { gatewayQueue: queue, spooled: () => queue.spooled };
}

const SPOOL_NEEDS_QUEUE = {
  option: 'The spool',
  value: 'given',
  expected: 'left out where the queue is embedded: that is on this disk already',
};

async function openCache({ urls = {}, logger }: EngineOptions, shutdown: Shutdown): Promise<Cache> {
  const clock = systemClock;
  if (urls.cache === undefined) return openMemoryCache({ clock });
  refuseProtocol('cache', urls.cache, REDIS);
  const { openRedisCache } = await import('./cache/redis/redis-cache.ts');
  const cache = openRedisCache({ url: urls.cache, logger, clock, random: systemRandom });
  shutdown.add(() => cache.close());
  return cache;
}

async function openSignals({ urls = {}, logger }: EngineOptions, shutdown: Shutdown): Promise<Signals> {
  const url = urls.signals ?? urls.cache;
  if (url === undefined) return openMemorySignals({ logger });
  refuseProtocol('signals', url, REDIS);
  const { openRedisSignals } = await import('./signals/redis/redis-signals.ts');
  const signals = openRedisSignals({ url, logger, random: systemRandom });
  shutdown.add(() => signals.close());
  return signals;
}

/** The URL itself is not told: it may hold a password. */
function refuseProtocol(engine: keyof EngineUrls, url: string, known: readonly string[]): void {
  if (known.some((protocol) => url.startsWith(`${protocol}:`))) return;
  const [other] = /^[a-z][a-z\d+.-]*:\/\//.exec(url) ?? [];
  throw new SluiceError('SLUICE_OPTION_INVALID', {
    option: `The URL of the ${engine}`,
    value: other === undefined ? 'not a URL' : `${other}…`,
    expected: `one that begins with ${known.map((name) => `${name}:`).join(' or ')}`,
  });
}

/** A task moves from one to the other; with one of them in this process alone, no other process could share the work. */
function onlyTogether(missing: keyof EngineUrls, given: keyof EngineUrls): SluiceError {
  return new SluiceError('SLUICE_OPTION_INVALID', {
    option: `The URL of the ${missing}`,
    value: 'missing',
    expected: `given where that of the ${given} is; or leave out both, and they are embedded`,
  });
}

function refuseNoSecret(): never {
  throw new SluiceError('SLUICE_SECRET_INVALID', {
    reason: 'several processes share the engines, so all of them need the same one',
  });
}
