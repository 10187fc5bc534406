import { readFile } from 'node:fs/promises';
import { messageOf, SluiceError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { ApiKeys } from '../../gateway/accept/api-keys.ts';
import type { Sluice } from '../../sluice.ts';
import { namingPaths } from './read-tasks.ts';
import type { SettingValues } from '../configuration/settings.ts';
import { tasksPath } from '../configuration/tasks-path.ts';

/** A server that runs in this process. */
export interface Serving {
  readonly sluice: Sluice;
  readonly url: string;
  readonly metricsUrl: string;
}

export interface ServeOptions {
  readonly values: SettingValues;
  readonly logger: Logger;
  /** Called when the tasks have changed, with what went wrong where it did; none where they are not watched. */
  readonly onReload?: (error?: unknown) => void;
}

/**
 * Starts a server as `values` say, and listens.
 * @throws SluiceError for whatever keeps it from that; nothing is left running then
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { values } = options;
  const apiKeys = await readKeys(values);
  if (!apiKeys && !isLoopback(values.host)) {
    throw new SluiceError('SLUICE_BIND_UNPROTECTED', { host: values.host });
  }
  const sluice = await start(options, apiKeys);
  try {
    if (values.requireDurable) await refuseUndurable(sluice);
    const { host, port, metricsPort } = values;
    const api = await sluice.listen({ host, port }).catch(namingPort('--port', values));
    const metrics = await sluice
      .listenMetrics({ host, port: metricsPort })
      .catch(namingPort('--metrics-port', values));
    return { sluice, url: api.url, metricsUrl: `${metrics.url}/metrics` };
  } catch (error) {
    await sluice.close(0);
    throw error;
  }
}

async function start(
  { values, logger, onReload }: ServeOptions,
  apiKeys: ApiKeys | undefined,
): Promise<Sluice> {
  const { createSluice } = await import('../../sluice.ts');
  const { queues, runners, secret } = values;
  const tasks = [tasksPath(values.tasks)];
  try {
    return await createSluice({
      tasks,
      data: values.data,
      concurrency: values.concurrency,
      grace: values.grace,
      watch: onReload !== undefined,
      logger,
      ...(onReload ? { onReload } : {}),
      ...(queues ? { queues } : {}),
      ...(runners ? { runners } : {}),
      ...(secret ? { secrets: secret } : {}),
      ...(apiKeys ? { apiKeys } : {}),
    });
  } catch (error) {
    throw namingPaths(error, tasks);
  }
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

async function refuseUndurable(sluice: Sluice): Promise<void> {
  const { queue, database } = await sluice.health();
  const weak = [queue, database].find(({ durable }) => !durable);
  if (weak)
    throw new SluiceError('SLUICE_DURABILITY_INSUFFICIENT', { reason: weak.reason ?? weak.durability });
}

function namingPort(option: '--port' | '--metrics-port', values: SettingValues): (error: unknown) => never {
  const port = option === '--port' ? values.port : values.metricsPort;
  return (error) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!taken) throw error;
    throw new SluiceError('SLUICE_PORT_IN_USE', { host: values.host, port, option }, { cause: error });
  };
}
