import { readFile } from 'node:fs/promises';
import { messageOf, SluiceError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { ApiKeys } from '../../gateway/accept/api-keys.ts';
import type { SluiceOptions } from '../../process-options.ts';
import type { WorkerProcess } from '../../sluice.ts';
import { namingPaths } from './read-tasks.ts';
import { type Role, requireDurable } from './require-durable.ts';
import type { SettingValues } from '../configuration/settings.ts';
import { tasksPath } from '../configuration/tasks-path.ts';

/** Workers that run in this process. */
export interface Working {
  readonly process: WorkerProcess;
  readonly metricsUrl: string;
}

/** A server that runs in this process. */
export interface Serving extends Working {
  readonly url: string;
}

/** Longer than a load balancer with the configuration that `sluice balancer` prints takes to leave a gateway out. */
const GATEWAY_SHUTDOWN_DELAY = '2s';

export interface ServeOptions {
  readonly values: SettingValues;
  readonly logger: Logger;
  /** Called when the tasks have changed, with what went wrong where it did; none where they are not watched. */
  readonly onReload?: (error?: unknown) => void;
}

/**
 * Starts a server as `values` say, and listens.
 * @param role `gateway`: the HTTP API alone
 * @throws SluiceError for whatever keeps it from that; nothing is left running then
 */
export async function serve(options: ServeOptions, role: Exclude<Role, 'worker'> = 'all'): Promise<Serving> {
  const { values } = options;
  const apiKeys = await readKeys(values);
  if (!apiKeys && !isLoopback(values.host)) {
    throw new SluiceError('SLUICE_BIND_UNPROTECTED', { host: values.host });
  }
  const root = await import('../../sluice.ts');
  const start = role === 'all' ? root.createSluice : root.startGateway;
  const shutdownDelay = values.shutdownDelay ?? (role === 'gateway' ? GATEWAY_SHUTDOWN_DELAY : 0);
  const process = await starting(options, (common) =>
    start({ ...common, shutdownDelay, ...(apiKeys ? { apiKeys } : {}) }),
  );
  return orClosed(process, async () => {
    if (values.requireDurable) await requireDurable(process, role);
    const { host, port } = values;
    const api = await process.listen({ host, port }).catch(namingPort('--port', values));
    return { process, url: api.url, metricsUrl: await listenMetrics(process, values) };
  });
}

/**
 * Starts workers as `values` say, and serves their metrics.
 * @throws SluiceError for whatever keeps it from that; nothing is left running then
 */
export async function serveWorkers(options: ServeOptions): Promise<Working> {
  const { values } = options;
  const { startWorkers } = await import('../../sluice.ts');
  // Every process may have the same environment: the spool in it is the gateway's.
  const process = await starting({ ...options, values: { ...values, spool: undefined } }, startWorkers);
  return orClosed(process, async () => {
    if (values.requireDurable) await requireDurable(process, 'worker');
    return { process, metricsUrl: await listenMetrics(process, values) };
  });
}

async function starting<P>(
  { values, logger, onReload }: ServeOptions,
  start: (options: SluiceOptions) => Promise<P>,
): Promise<P> {
  const { queueUrl, databaseUrl, cacheUrl, signalsUrl, queues, runners, secret, spool } = values;
  const tasks = [tasksPath(values.tasks)];
  try {
    return await start({
      tasks,
      engines: { queue: queueUrl, database: databaseUrl, cache: cacheUrl, signals: signalsUrl },
      data: values.data,
      concurrency: values.concurrency,
      grace: values.grace,
      watch: onReload !== undefined,
      logger,
      ...(onReload ? { onReload } : {}),
      ...(queues ? { queues } : {}),
      ...(runners ? { runners } : {}),
      ...(secret ? { secrets: secret } : {}),
      ...(spool === undefined ? {} : { spool }),
    });
  } catch (error) {
    throw namingPaths(error, tasks);
  }
}

/** Closes the process again where `listen` fails. */
async function orClosed<T>(process: WorkerProcess, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    await process.close(0).catch(() => undefined);
    throw error;
  }
}

async function listenMetrics(process: WorkerProcess, values: SettingValues): Promise<string> {
  const { host, metricsPort: port } = values;
  const { url } = await process.listenMetrics({ host, port }).catch(namingPort('--metrics-port', values));
  return `${url}/metrics`;
}

async function readKeys({ keys, keyList }: SettingValues): Promise<ApiKeys | undefined> {
  if (keys === undefined) return keyList === undefined ? undefined : ApiKeys.parse(keyList, 'SLUICE_KEYS');
  try {
    return ApiKeys.parse(await readFile(keys, 'utf8'), keys);
  } catch (error) {
    if (SluiceError.is(error)) throw error;
    throw new SluiceError('SLUICE_KEYS_INVALID', { path: keys, reason: messageOf(error) }, { cause: error });
  }
}

/** True for an address that only this machine reaches. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function namingPort(option: '--port' | '--metrics-port', values: SettingValues): (error: unknown) => never {
  const port = option === '--port' ? values.port : values.metricsPort;
  return (error) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!taken) throw error;
    throw new SluiceError('SLUICE_PORT_IN_USE', { host: values.host, port, option }, { cause: error });
  };
}
