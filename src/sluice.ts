import type { IncomingMessage, ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { openMemoryCache } from './cache/memory/memory-cache.ts';
import { systemClock } from './core/clock.ts';
import { type Duration, parseDuration } from './core/duration.ts';
import { messageOf, SluiceError } from './core/errors.ts';
import type { Health } from './core/health.ts';
import { DEFAULT_LIMITS, type Limits } from './core/limits.ts';
import { type Logger, silentLogger } from './core/logger.ts';
import { systemRandom } from './core/random.ts';
import type { Address, Priority } from './core/message.ts';
import type { Issue } from './core/schema.ts';
import { TaskIds } from './core/task-id.ts';
import { type InputFor, nameOf, type TaskReference } from './core/task-reference.ts';
import { DEFAULT_TENANT } from './core/tenant.ts';
import { Watermarks } from './core/watermarks.ts';
import type { Retention } from './database/database.ts';
import { SQLITE_DATABASE_MODULE, SqliteDatabase } from './database/sqlite/sqlite-database.ts';
import type { ApiKeys } from './gateway/accept/api-keys.ts';
import type { Query } from './gateway/query.ts';
import { createGateway, type Gateway, type Listening } from './gateway/gateway.ts';
import type { Manifest } from './manifest/manifest.ts';
import { Metrics } from './observe/metrics.ts';
import { MetricsServer } from './observe/metrics-server.ts';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from './queue/embedded/embedded-queue.ts';
import { startScheduler } from './scheduler/scheduler.ts';
import { openMemorySignals } from './signals/memory/memory-signals.ts';
import { folderSecret } from './sqlite/secret-file.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { LiveTasks } from './task-files/live-tasks.ts';
import { Shutdown } from './core/shutdown.ts';
import { QUARANTINE } from './worker/intake/quarantine.ts';
import { startWorker } from './worker/worker.ts';

export interface SluiceOptions {
  /** Files or folders of the task definitions. They are loaded in the processes that run them, never in this one. */
  readonly tasks: string | URL | readonly (string | URL)[];
  /** Folder of the queue and the database, on a local disk. Default `./.sluice`. */
  readonly data?: string;
  /** Queues to work on. Default: all that the tasks name, and those in which tasks still wait. */
  readonly queues?: readonly string[];
  /** Most tasks that run at a time. Default 50. */
  readonly concurrency?: number;
  /** Processes that run them. Default one per core. */
  readonly runners?: number;
  /** How long `close()` waits for requests and running tasks. Default 30s. */
  readonly grace?: Duration;
  /** Sign and verify the ids; the first signs. Default: one that is made once and kept in the data folder. */
  readonly secrets?: readonly string[];
  /** Without keys everybody may call, as tenant `default`. */
  readonly apiKeys?: ApiKeys;
  /** Where the API begins when `handle` is mounted below a path, such as `/jobs`. */
  readonly basePath?: string;
  readonly limits?: Partial<Limits>;
  readonly retention?: Partial<Retention>;
  /** Build and load the tasks anew whenever their files change. */
  readonly watch?: boolean;
  /** Called after each change of the watched tasks, with what went wrong where it did. Default: that is logged. */
  readonly onReload?: (error?: unknown) => void;
  /** Default: says nothing. */
  readonly logger?: Logger;
}

/** What a request can say beside the input; see the query parameters of the HTTP API. */
export interface EnqueueOptions {
  /** The same key never starts two tasks. */
  readonly idempotencyKey?: string;
  readonly priority?: Priority;
  readonly delay?: Duration;
  readonly runAt?: Date;
  readonly deadline?: Date;
  readonly key?: string;
  readonly tags?: readonly string[];
}

/** A running Sluice: gateway, queue, workers, database and cache in one process and its runners. */
export interface Sluice {
  /** What the tasks look like from outside, as they are at the moment. */
  readonly manifest: Manifest;
  /** Answers a request of your own server. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** @throws SluiceError `SLUICE_PORT_IN_USE` */
  listen(where: { readonly host: string; readonly port: number }): Promise<Listening>;
  /** Serves `/metrics`. Rejects with the error of the operating system, such as `EADDRINUSE`. */
  listenMetrics(where: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>;
  /**
   * Accepts a task, as `POST /v1/tasks/<name>` does, for tenant `default`. Resolves when it is durably queued.
   * @throws SluiceError as the HTTP API answers
   */
  enqueue<T extends TaskReference>(
    task: T,
    input: InputFor<T>,
    options?: EnqueueOptions,
  ): Promise<{ readonly id: string }>;
  health(): Promise<{ readonly queue: Health; readonly database: Health }>;
  /** Finishes what is under way for `graceMs`, hands back the rest uncharged, and frees the data folder. */
  close(graceMs?: number): Promise<void>;
}

const DAY_MS = 86_400_000;
const DEFAULT_RETENTION: Retention = { bodiesMs: 7 * DAY_MS, rowsMs: 30 * DAY_MS, horizonMs: 90 * DAY_MS };
const DEFAULT_CONCURRENCY = 50;
const DEFAULT_DATA = './.sluice';
const DEFAULT_GRACE = '30s';
const RUNNER_ENTRY = new URL('./runner/main.js', import.meta.url);

/**
 * Starts everything on this machine: the tasks are loaded, what a crash left behind is taken up again, and workers run.
 * @throws SluiceError that says what keeps it from starting; nothing is left running then
 */
export async function createSluice(options: SluiceOptions): Promise<Sluice> {
  const shutdown = new Shutdown();
  try {
    return await start(options, shutdown);
  } catch (error) {
    await shutdown.run(0);
    throw error;
  }
}

async function start(options: SluiceOptions, shutdown: Shutdown): Promise<Sluice> {
  const logger = options.logger ?? silentLogger;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const retention = { ...DEFAULT_RETENTION, ...options.retention };
  const graceMs = parseDuration(options.grace ?? DEFAULT_GRACE, 'grace');
  const live = new LiveTasks(options, logger);
  shutdown.add(() => live.close());
  const module = await live.load();
  const engines = await openEngines(options, logger, shutdown);
  const ids = new TaskIds(engines.secrets, systemClock, systemRandom);
  const metrics = new Metrics();
  metrics.depthFrom(() => engines.queue.depth());
  const basis = { ...engines, metrics, logger, limits, retention, clock: systemClock, random: systemRandom };
  const watermarks = new Watermarks();
  const known = await usedAddresses(engines.queue);

  const scheduler = await startScheduler({
    ...basis,
    watermarks,
    interruptionLimit: limits.interruptionLimit,
    addresses: () => [...live.addresses, ...known],
    alone: true,
  });
  shutdown.add(() => scheduler.close());
  const onScheduled = (): void => scheduler.wake();
  const worker = await startWorker({
    ...basis,
    watermarks,
    module,
    onScheduled,
    queues: options.queues,
    otherQueues: known.map(({ queue }) => queue),
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    runners: options.runners ?? availableParallelism(),
    runnerEntry: RUNNER_ENTRY,
  });
  shutdown.add((grace) => worker.close(grace));
  live.follow(worker);
  const gateway = await createGateway({
    ...basis,
    onScheduled,
    manifest: () => live.compiled,
    ids,
    apiKeys: options.apiKeys,
    basePath: options.basePath,
  });
  shutdown.add(async (grace) => {
    await Promise.all([gateway.close(grace), worker.close(grace)]);
  });
  const metricsServer = new MetricsServer(metrics);
  shutdown.add(() => metricsServer.close());

  return {
    get manifest() {
      return live.compiled.manifest;
    },
    handle: (request, response) => gateway.handle(request, response),
    listen: (where) => gateway.listen(where),
    listenMetrics: (where) => metricsServer.listen(where),
    enqueue: (task, input, asked) => enqueue(gateway, nameOf(task), input, asked),
    health: async () => ({ queue: await engines.queue.health(), database: await engines.database.health() }),
    close: (grace = graceMs) => shutdown.run(grace),
  };
}

/** The drivers of the embedded topology, over one file. */
async function openEngines(options: SluiceOptions, logger: Logger, shutdown: Shutdown) {
  const folder = resolve(options.data ?? DEFAULT_DATA);
  const store = await SqliteStore.open({
    folder,
    logger,
    modules: [EMBEDDED_QUEUE_MODULE, SQLITE_DATABASE_MODULE],
  });
  shutdown.add(() => store.close());
  const queue = await EmbeddedQueue.open({ store });
  shutdown.add(() => queue.close());
  return {
    queue,
    database: new SqliteDatabase({ store, clock: systemClock }),
    cache: openMemoryCache({ clock: systemClock }),
    signals: openMemorySignals({ logger }),
    secrets: options.secrets ?? [folderSecret(folder)],
  };
}

/** Every address that tasks have ever waited at: their definitions may have been moved or removed since. */
async function usedAddresses(queue: EmbeddedQueue): Promise<Address[]> {
  const { addresses } = await queue.depth();
  return addresses.map(({ address }) => address).filter(({ queue: name }) => name !== QUARANTINE.queue);
}

async function enqueue(
  gateway: Gateway,
  task: string,
  input: unknown,
  { idempotencyKey, ...options }: EnqueueOptions = {},
): Promise<{ id: string }> {
  const prepared = gateway.acceptor.prepare({
    tenant: DEFAULT_TENANT,
    task,
    body: Buffer.from(inputJson(task, input)),
    query: queryOf(options),
    idempotencyKey,
  });
  const { id } = await gateway.accept(prepared);
  return { id: id.text };
}

/** @throws SluiceError `SLUICE_INPUT_INVALID` for what JSON can not carry; no input at all is `null` */
function inputJson(task: string, input: unknown): string {
  try {
    const json: string | undefined = JSON.stringify(input ?? null);
    if (json === undefined) throw new TypeError(`a ${typeof input} is not JSON`);
    return json;
  } catch (error) {
    const errors: Issue[] = [{ pointer: '', message: messageOf(error) }];
    throw new SluiceError('SLUICE_INPUT_INVALID', { task, errors }, { cause: error });
  }
}

function queryOf({ priority, key, tags, delay, runAt, deadline }: EnqueueOptions): Query {
  const given = {
    priority,
    key,
    tag: tags,
    delay: typeof delay === 'number' ? `${delay}ms` : delay,
    runAt: runAt && timeText(runAt),
    deadline: deadline && timeText(deadline),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** A date that is none stays recognisable, for the parser to refuse. */
function timeText(time: Date): string {
  return Number.isNaN(time.getTime()) ? String(time) : time.toISOString();
}
