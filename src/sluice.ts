import type { IncomingMessage, ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import { systemClock } from './core/clock.ts';
import { parseDuration } from './core/duration.ts';
import type { Health } from './core/health.ts';
import { DEFAULT_LIMITS } from './core/limits.ts';
import { silentLogger } from './core/logger.ts';
import { wholeNumber, wholeNumbers } from './core/option-numbers.ts';
import { systemRandom } from './core/random.ts';
import type { Address } from './core/message.ts';
import type { Shutdown } from './core/shutdown.ts';
import { TaskIds } from './core/task-id.ts';
import { type InputFor, nameOf, type TaskReference } from './core/task-reference.ts';
import { Watermarks } from './core/watermarks.ts';
import type { Retention } from './database/database.ts';
import { logDurability } from './durability-log.ts';
import { openEngines } from './engines.ts';
import { checkedBasePath } from './gateway/base-path.ts';
import { enqueue, type EnqueueOptions } from './gateway/enqueue.ts';
import { createGateway, type Gateway, type GatewayOptions, type Listening } from './gateway/gateway.ts';
import type { Manifest } from './manifest/manifest.ts';
import { Metrics } from './observe/metrics.ts';
import { MetricsServer } from './observe/metrics-server.ts';
import type {
  GatewayProcessOptions,
  ProcessOptions,
  SluiceOptions,
  WorkerProcessOptions,
} from './process-options.ts';
import type { Queue } from './queue/queue.ts';
import { startScheduler } from './scheduler/scheduler.ts';
import { starting } from './starting.ts';
import { LiveTasks } from './task-files/live-tasks.ts';
import { QUARANTINE } from './worker/intake/quarantine.ts';
import { startWorker, type Worker } from './worker/worker.ts';

/** A process that runs workers. */
export interface WorkerProcess {
  /** What the tasks look like from outside, as they are at the moment. */
  readonly manifest: Manifest;
  /**
   * Serves `/metrics`, `/livez` and `/readyz`. Rejects with the error of the operating system, such as `EADDRINUSE`.
   */
  listenMetrics(where: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>;
  health(): Promise<{ readonly queue: Health; readonly database: Health }>;
  /** Finishes what is under way for `graceMs`, hands back the rest uncharged, and frees the data folder. */
  close(graceMs?: number): Promise<void>;
}

/** A process that serves the HTTP API. */
export interface GatewayProcess extends WorkerProcess {
  /** Answers a request of your own server. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** @throws SluiceError `SLUICE_PORT_IN_USE` */
  listen(where: { readonly host: string; readonly port: number }): Promise<Listening>;
  /**
   * Accepts a task, as `POST /v1/tasks/<name>` does, for tenant `default`. Resolves when it is durably queued.
   * @throws SluiceError as the HTTP API answers
   */
  enqueue<T extends TaskReference>(
    task: T,
    input: InputFor<T>,
    options?: EnqueueOptions,
  ): Promise<{ readonly id: string }>;
}

/** A running Sluice: gateway and workers in one process and its runners. */
export type Sluice = GatewayProcess;

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
export function createSluice(options: SluiceOptions): Promise<Sluice> {
  return starting(async (shutdown) => {
    const live = liveTasks(options, shutdown);
    const module = await live.load();
    const basis = await openBasis(options, [], shutdown);
    const { worker, onScheduled } = await startWork({ basis, live, module, options }, shutdown);
    const gateway = await openGateway(options, { ...basis, onScheduled, manifest: () => live.compiled });
    // Both at once: what a request waits for may be running.
    shutdown.add(async (grace) => {
      await Promise.all([gateway.close(grace), worker.close(grace)]);
    });
    return gatewayProcess(gateway, processOf({ basis, live, worker, options }, shutdown));
  });
}

/**
 * Starts the HTTP API alone, for tasks that `sluice build` wrote: it never loads them.
 * @throws SluiceError that says what keeps it from starting; nothing is left running then
 */
export function startGateway(options: GatewayProcessOptions): Promise<GatewayProcess> {
  return starting(async (shutdown) => {
    const live = liveTasks(options, shutdown);
    await live.loadManifest();
    const basis = await openBasis(options, live.addresses, shutdown);
    const gateway = await openGateway(options, { ...basis, manifest: () => live.compiled });
    shutdown.add((grace) => gateway.close(grace));
    return gatewayProcess(gateway, processOf({ basis, live, options }, shutdown));
  });
}

/**
 * Starts workers alone.
 * @throws SluiceError that says what keeps them from starting; nothing is left running then
 */
export function startWorkers(options: WorkerProcessOptions): Promise<WorkerProcess> {
  return starting(async (shutdown) => {
    const live = liveTasks(options, shutdown);
    const module = await live.load();
    const basis = await openBasis(options, [], shutdown);
    const { worker } = await startWork({ basis, live, module, options }, shutdown);
    return processOf({ basis, live, worker, options }, shutdown);
  });
}

function liveTasks(options: WorkerProcessOptions, shutdown: Shutdown): LiveTasks {
  const live = new LiveTasks(options, options.logger ?? silentLogger);
  shutdown.add(() => live.close());
  return live;
}

type Basis = Awaited<ReturnType<typeof openBasis>>;

/** What gateway, worker and scheduler have in common. */
async function openBasis(
  options: GatewayProcessOptions & Pick<WorkerProcessOptions, 'watch'>,
  addresses: readonly Address[],
  shutdown: Shutdown,
) {
  const logger = options.logger ?? silentLogger;
  const limits = wholeNumbers('limits', DEFAULT_LIMITS, options.limits, 1);
  const retention = wholeNumbers('retention', DEFAULT_RETENTION, options.retention, 0);
  const { engines: urls, data = DEFAULT_DATA, secrets, spool } = options;
  const metrics = new Metrics();
  const metricsServer = new MetricsServer(metrics);
  // Answers to the last: what is still forwarded, and that no more work is to come.
  shutdown.add(() => metricsServer.close());
  const engines = await openEngines({ urls, data, secrets, spool, addresses, logger }, shutdown);
  const closing = new AbortController();
  const { gatewayQueue, database } = engines;
  shutdown.add(async () => closing.abort());
  // Not waited for: a server starts while an engine is away. Who changes the tasks while they run relies on nothing.
  if (!options.watch)
    void logDurability({ engines: { queue: gatewayQueue, database }, logger }, closing.signal);
  metrics.depthFrom(() => engines.queue.depth());
  metrics.tasksFrom(() => engines.database.counts());
  if (engines.spooled) metrics.spooledFrom(engines.spooled);
  return {
    ...engines,
    ids: new TaskIds(engines.secrets, systemClock, systemRandom),
    metrics,
    metricsServer,
    logger,
    limits,
    retention,
    clock: systemClock,
    random: systemRandom,
  };
}

interface Work {
  readonly basis: Basis;
  readonly live: LiveTasks;
  /** What the runners load. */
  readonly module: string;
  readonly options: WorkerProcessOptions;
}

/** The scheduler first: what a crash left behind is recovered before anything new is claimed. */
async function startWork({ basis, live, module, options }: Work, shutdown: Shutdown) {
  const concurrency = wholeNumber('concurrency', options.concurrency ?? DEFAULT_CONCURRENCY, 1);
  const runners = wholeNumber('runners', options.runners ?? availableParallelism(), 1);
  const watermarks = new Watermarks();
  // A queue on a server tells only of what this process has used, which is nothing yet, and may be away.
  const known = basis.alone ? await usedAddresses(basis.queue) : [];
  const scheduler = await startScheduler({
    ...basis,
    watermarks,
    interruptionLimit: basis.limits.interruptionLimit,
    addresses: () => [...live.addresses, ...known],
  });
  shutdown.add(() => scheduler.close());
  const onScheduled = (): void => scheduler.wake();
  const worker = await startWorker({
    ...basis,
    watermarks,
    module,
    admit: (manifest) => live.admit(manifest),
    onScheduled,
    queues: options.queues,
    otherQueues: known.map(({ queue }) => queue),
    concurrency,
    runners,
    runnerEntry: RUNNER_ENTRY,
  });
  shutdown.add((grace) => worker.close(grace));
  live.follow(worker);
  return { worker, onScheduled };
}

interface Running {
  readonly basis: Basis;
  readonly live: LiveTasks;
  readonly worker?: Worker;
  readonly options: ProcessOptions;
}

function processOf({ basis, live, worker, options }: Running, shutdown: Shutdown): WorkerProcess {
  const { gatewayQueue, database, metricsServer } = basis;
  const graceMs = parseDuration(options.grace ?? DEFAULT_GRACE, 'grace');
  let closing = false;
  metricsServer.ready = () => !closing && worker?.status().consuming !== false;
  return {
    get manifest() {
      return live.compiled.manifest;
    },
    listenMetrics: (where) => metricsServer.listen(where),
    health: async () => ({ queue: await gatewayQueue.health(), database: await database.health() }),
    close: (grace = graceMs) => {
      closing = true;
      return shutdown.run(grace);
    },
  };
}

function openGateway(
  { apiKeys, basePath = '', shutdownDelay = 0 }: GatewayProcessOptions,
  basis: Basis & Pick<GatewayOptions, 'manifest' | 'onScheduled'>,
): Promise<Gateway> {
  return createGateway({
    ...basis,
    queue: basis.gatewayQueue,
    apiKeys,
    basePath: checkedBasePath(basePath),
    shutdownDelayMs: parseDuration(shutdownDelay, 'shutdownDelay'),
  });
}

function gatewayProcess(gateway: Gateway, below: WorkerProcess): GatewayProcess {
  return Object.assign(below, {
    handle: (request: IncomingMessage, response: ServerResponse) => gateway.handle(request, response),
    listen: (where: { readonly host: string; readonly port: number }) => gateway.listen(where),
    enqueue: <T extends TaskReference>(task: T, input: InputFor<T>, asked?: EnqueueOptions) =>
      enqueue(gateway, nameOf(task), input, asked),
  });
}

/** Every address that tasks have ever waited at: their definitions may have been moved or removed since. */
async function usedAddresses(queue: Queue): Promise<Address[]> {
  const { addresses } = await queue.depth();
  return addresses.map(({ address }) => address).filter(({ queue: name }) => name !== QUARANTINE.queue);
}
