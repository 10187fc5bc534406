import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningCluster } from '../cluster/running-cluster.ts';
import { unavailable } from '../packages/unavailable.ts';
import { endLoads, FaultRun, latencyBound, PER_SECOND, say, SECONDS, warmCluster } from './fault-run.ts';
import { scrape } from './scrape.ts';
import { slowResult, SlowTasks } from './slow-tasks.ts';

const TASKS = fileURLToPath(new URL('tasks.ts', import.meta.url));
const PORT = 27_470;
const EVENNESS_REQUESTS = 10_000;
const SLOW_TASKS = 40;
const ELSEWHERE_MS = 20_000;
/** Longer than a lease, and than RabbitMQ waits for a sign of life. */
const STOPPED_MS = 40_000;

describe.skipIf(unavailable('rabbitmq-server', 'redis-server', 'postgresql', 'haproxy'))(
  'the gateways and workers of a cluster',
  () => {
    let cluster: RunningCluster;

    beforeAll(async () => {
      cluster = await warmCluster({ tasks: TASKS, port: PORT });
    });

    afterEach(endLoads);

    afterAll(() => cluster.close());

    it('share the requests evenly', async () => {
      const before = await acceptedByEach();
      const run = new FaultRun(cluster, 'evenness');
      await run.load.until(EVENNESS_REQUESTS / PER_SECOND);
      await run.load.stop();
      expect(run.failures.slice(0, 3)).toEqual([]);
      const accepted = (await acceptedByEach()).map((count, at) => count - (before[at] ?? 0));
      const all = accepted.reduce((sum, each) => sum + each, 0);
      say('evenness', { requests: all, first: accepted[0] ?? 0, second: accepted[1] ?? 0 });
      expect(all).toBe(run.load.accepts.length);
      for (const each of accepted) {
        expect(each / all).toBeGreaterThanOrEqual(0.45);
        expect(each / all).toBeLessThanOrEqual(0.55);
      }
      expect(await run.losses()).toEqual([]);
    });

    it('refuse no request with a key when a gateway is killed', async () => {
      const run = new FaultRun(cluster, 'gateway killed');
      await run.until(1 / 6);
      const death = run.now;
      await cluster.command('kill', 'gateway-1');
      await run.until(1 / 2);
      await cluster.command('heal', 'gateway-1');
      await run.until(1);
      await run.load.stop();
      run.figures('after the death', { from: death, to: death + 10 });
      expect(run.failures.slice(0, 3)).toEqual([]);
      expect(await run.losses()).toEqual([]);
    });

    it('refuse no request with a key when the gateways are replaced one after the other', async () => {
      const run = new FaultRun(cluster, 'gateways rolled');
      await run.until(1 / 6);
      const begun = run.now;
      for (const gateway of ['gateway-1', 'gateway-2']) await replace(gateway);
      await run.until(1);
      await run.load.stop();
      run.figures('from the first on', { from: begun, to: SECONDS });
      expect(run.failures.slice(0, 3)).toEqual([]);
      expect(await run.losses()).toEqual([]);
    });

    it('run the tasks of a worker that is killed elsewhere', async () => {
      const run = new FaultRun(cluster, 'worker killed');
      const slow = new SlowTasks(cluster.url);
      await slow.begin(SLOW_TASKS, 10_000);
      const death = Date.now();
      await cluster.command('kill', 'worker-1');
      const ends = await slow.ends();
      await cluster.command('heal', 'worker-1');
      await run.until(1);
      await run.load.stop();
      const again = ends.filter((end) => end.run > 1);
      const latest = Math.max(...again.map((end) => (slowResult(end)?.begunAt ?? Infinity) - death));
      say('worker killed', { tasks: ends.length, again: again.length, latestMs: latest });
      expect(ends.filter(({ status }) => status !== 'succeeded')).toEqual([]);
      expect(again.length).toBeGreaterThan(0);
      expect(latest).toBeLessThanOrEqual(latencyBound(ELSEWHERE_MS));
      expect(run.failures.slice(0, 3)).toEqual([]);
      expect(await run.losses()).toEqual([]);
    });

    it('refuse the late results of a worker that stood still', async () => {
      const lostBefore = await scrape(cluster, 'worker-1', 'sluice_settled_total', 'outcome="lost"');
      const run = new FaultRun(cluster, 'worker stopped');
      const slow = new SlowTasks(cluster.url);
      await slow.begin(SLOW_TASKS, 10_000);
      await cluster.command('pause', 'worker-1');
      await sleep(STOPPED_MS);
      const ends = await slow.ends();
      await cluster.command('heal', 'worker-1');
      await vi.waitFor(
        async () =>
          expect(await scrape(cluster, 'worker-1', 'sluice_settled_total', 'outcome="lost"')).toBeGreaterThan(
            lostBefore,
          ),
        { timeout: 30_000 },
      );
      await run.until(1);
      await run.load.stop();
      const again = ends.filter((end) => end.run > 1).length;
      const refused =
        (await scrape(cluster, 'worker-1', 'sluice_settled_total', 'outcome="lost"')) - lostBefore;
      say('worker stopped', { tasks: ends.length, again, refused });
      expect(ends.filter(({ status }) => status !== 'succeeded')).toEqual([]);
      expect(again).toBeGreaterThan(0);
      // What they ended with has not changed since.
      expect(await slow.ends()).toEqual(ends);
      expect(run.failures.slice(0, 3)).toEqual([]);
      expect(await run.losses()).toEqual([]);
    });

    function acceptedByEach(): Promise<number[]> {
      return Promise.all(
        ['gateway-1', 'gateway-2'].map((gateway) => scrape(cluster, gateway, 'sluice_accepted_total')),
      );
    }

    async function replace(gateway: string): Promise<void> {
      const { pid } = await cluster.member(gateway);
      if (pid === undefined) throw new Error(`${gateway} does not run`);
      process.kill(pid, 'SIGTERM');
      await vi.waitFor(
        async () => {
          const now = await cluster.member(gateway);
          expect(now.state === 'up' && now.pid !== pid).toBe(true);
        },
        { timeout: 60_000, interval: 200 },
      );
    }
  },
);
