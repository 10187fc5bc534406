import { Redis } from 'ioredis';
import { taskViewKey } from '../../src/core/task-view.ts';
import { INPUT } from '../engines.ts';
import { httpRequest, openLoad } from '../load.ts';
import type { Figures } from '../main.ts';
import { keepBusy } from './keep-busy.ts';
import { cpuFigures, cpuRatio, inTurn, medianOf, ratio } from './rounds.ts';
import { type MeasuredCluster, withCluster } from './measured-cluster.ts';
import { succeeded } from './settled-tasks.ts';
import { until } from './until.ts';

const CONNECTIONS = 128;
const TURN_MS = 1500;
const TASKS = 1000;
const CACHE_PREFIX = 'sluice:';
const ROLES = ['balancer', 'gateway', 'queue', 'worker', 'database', 'cache', 'client'] as const;

/**
 * GET of finished and of waiting tasks through the load balancer, with no worker running; against a bare client that has
 * as many GETs of the finished tasks' copies in the cache under way.
 */
export function benchClusterRead(seconds: number): Promise<Figures> {
  return withCluster(async (cluster) => {
    const finishedIds = await post(cluster, TASKS);
    const cache = new Redis(cluster.env['SLUICE_CACHE_URL'] ?? '');
    await until(async () => (await succeeded(cluster)) === TASKS);
    await cluster.command('kill', 'worker');
    const copies = await existing(cache, finishedIds);
    const waitingIds = await post(cluster, TASKS);
    const finishedLoad = await openLoad(cluster.port, CONNECTIONS, gets(finishedIds), 200);
    const waitingLoad = await openLoad(cluster.port, CONNECTIONS, gets(waitingIds), 200);
    let next = 0;
    const getCopy = async (): Promise<void> => {
      if ((await cache.get(copies[next++ % copies.length] ?? '')) === null) throw new Error('a copy is gone');
    };
    const [finished = [], waiting = [], engine = []] = await inTurn(
      cluster,
      [
        { turn: () => finishedLoad.run(TURN_MS) },
        { turn: () => waitingLoad.run(TURN_MS) },
        { turn: () => keepBusy({ inFlight: CONNECTIONS, ms: TURN_MS }, getCopy) },
      ],
      { seconds, turnMs: TURN_MS },
    );
    finishedLoad.close();
    waitingLoad.close();
    cache.disconnect();
    return {
      ratioToEngineFinished: ratio(finished, engine),
      ratioToEngineWaiting: ratio(waiting, engine),
      ratioToEngine: Math.min(ratio(finished, engine), ratio(waiting, engine)),
      cpuRatioToEngine: Math.min(cpuRatio(finished, engine), cpuRatio(waiting, engine)),
      finishedPerSecond: medianOf(finished, ({ perSecond }) => perSecond),
      waitingPerSecond: medianOf(waiting, ({ perSecond }) => perSecond),
      enginePerSecond: medianOf(engine, ({ perSecond }) => perSecond),
      finishedP50Ms: medianOf(finished, ({ p50Ms }) => p50Ms),
      finishedP99Ms: medianOf(finished, ({ p99Ms }) => p99Ms),
      waitingP50Ms: medianOf(waiting, ({ p50Ms }) => p50Ms),
      waitingP99Ms: medianOf(waiting, ({ p99Ms }) => p99Ms),
      ...cpuFigures(finished, ROLES, 'finished'),
      ...cpuFigures(waiting, ROLES, 'waiting'),
      ...cpuFigures(engine, ['cache', 'client'], 'engine'),
      connections: CONNECTIONS,
      rounds: finished.length,
    };
  });
}

/** Posts so many tasks; returns their ids. */
async function post({ port }: MeasuredCluster, tasks: number): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < tasks; at += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/tasks/noop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: INPUT,
    });
    const { id } = (await response.json()) as { id?: string };
    if (id === undefined) throw new Error(`a task was not accepted: ${response.status}`);
    ids.push(id);
  }
  return ids;
}

/** A worker that has just started may give up the cache before it answers: a copy is a convenience. */
async function existing(cache: Redis, ids: readonly string[]): Promise<string[]> {
  const keys = ids.map((id) => CACHE_PREFIX + taskViewKey(id));
  const values = await cache.mget(keys);
  const there = keys.filter((_key, at) => values[at] !== null);
  if (there.length === 0) throw new Error('no copy of a task is in the cache');
  return there;
}

function gets(ids: readonly string[]): Buffer[] {
  return ids.map((id) => httpRequest('GET', `/v1/tasks/${id}`));
}
