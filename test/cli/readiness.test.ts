import { describe, expect, it } from 'vitest';
import { ownSchema } from '../database/postgres/postgres-under-test.ts';
import { whileFrozen } from '../database/postgres/server-processes.ts';
import { usePostgres, useRabbitmq, useRedis } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { serving, sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

interface State {
  readonly ok: boolean;
  readonly reason?: string;
}

interface Readiness {
  readonly ready: boolean;
  readonly queue: State;
  readonly database: State;
  readonly cache: State;
}

const PATIENCE = { timeout: 45_000 };

describe.skipIf(unavailable('rabbitmq-server', 'postgresql', 'redis-server'))('/readyz of a gateway', () => {
  const [queue, database, cache] = [useRabbitmq(1), usePostgres(), useRedis()];

  it('is 200 with all of its engines frozen, and tells of each', async () => {
    const cwd = echoProject();
    await sluice(['build'], { cwd });
    const env = {
      SLUICE_QUEUE_URL: queue.url,
      SLUICE_DATABASE_URL: ownSchema(database),
      SLUICE_CACHE_URL: cache.url,
      SLUICE_SECRET: 's'.repeat(40),
    };
    const { url } = await serving(['gateway', 'build', '--json'], { cwd, env });
    const statuses = new Set<number>();
    const states = async (): Promise<boolean[]> => {
      const response = await fetch(`${url}/readyz`);
      statuses.add(response.status);
      const body = (await response.json()) as Readiness;
      return [body.queue.ok, body.database.ok, body.cache.ok];
    };
    await expect.poll(states, PATIENCE).toEqual([true, true, true]);
    const frozen = [...queue.processes, ...cache.processes];
    const [server] = database.processes;
    if (!server) throw new Error('there is no server');
    for (const process of frozen) process.signal('SIGSTOP');
    await whileFrozen(database.url, server, async () => {
      await expect.poll(states, PATIENCE).toEqual([false, false, false]);
    });
    for (const process of frozen) process.signal('SIGCONT');
    await expect.poll(states, PATIENCE).toEqual([true, true, true]);
    expect([...statuses]).toEqual([200]);
  });
});
