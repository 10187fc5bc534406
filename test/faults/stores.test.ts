import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCluster } from '../cluster/running-cluster.ts';
import { unavailable } from '../packages/unavailable.ts';
import { freezePostgres, killPostgres } from './database-faults.ts';
import { endLoads, FaultRun, latencyBound, say, SECONDS, warmCluster } from './fault-run.ts';
import { scrape } from './scrape.ts';
import { SlowTasks } from './slow-tasks.ts';
import { StatusReader } from './status-reader.ts';

const TASKS = fileURLToPath(new URL('tasks.ts', import.meta.url));
const PORT = 27_370;
const READS_PER_SECOND = 50;
const READ_BOUND_MS = 100;
const SLOW_TASKS = 40;
const CATCH_UP_SECONDS = 10;

describe.skipIf(unavailable('rabbitmq-server', 'redis-server', 'postgresql', 'haproxy'))(
  'a cluster without its stores',
  () => {
    let cluster: RunningCluster;

    beforeAll(async () => {
      cluster = await warmCluster({ tasks: TASKS, port: PORT });
    });

    afterEach(endLoads);

    afterAll(() => cluster.close());

    it.each([
      ['killed', killPostgres],
      ['frozen', freezePostgres],
    ] as const)(
      'accepts, knows every task, and takes no run from a living worker with the database %s',
      async (how, takeAway) => {
        const what = `database ${how}`;
        const slow = new SlowTasks(cluster.url);
        await slow.begin(SLOW_TASKS, (SECONDS * 1000) / 2);
        const run = new FaultRun(cluster, what);
        await run.until(1 / 12);
        const outage = run.now;
        const giveBack = await takeAway(cluster);
        const reader = readerOf(run, () => randomOf(run));
        await run.until(13 / 12);
        const back = run.now;
        await reader.stop();
        const catchingUp = readerOf(run, () => randomOf(run));
        await giveBack();
        await run.load.until(run.now + CATCH_UP_SECONDS);
        await catchingUp.stop();
        await run.load.stop();
        run.figures('without', { from: outage, to: back });
        run.figures('while it catches up', { from: back, to: run.now });
        say(`${what}: reads`, { ...reader.figures });
        say(`${what}: reads while it catches up`, { ...catchingUp.figures });
        expect(run.failures.slice(0, 3)).toEqual([]);
        expect([...reader.failures, ...catchingUp.failures].slice(0, 3)).toEqual([]);
        expect(await run.losses()).toEqual([]);
        const ends = await slow.ends();
        expect(ends.filter((end) => end.status !== 'succeeded' || end.run !== 1)).toEqual([]);
        for (const worker of ['worker-1', 'worker-2']) {
          expect(await scrape(cluster, worker, 'sluice_recovered_total')).toBe(0);
        }
      },
    );

    it.each([
      ['killed', 'kill'],
      ['frozen', 'pause'],
    ] as const)('reads as fast, and without an error, with the cache %s', async (what, command) => {
      const run = new FaultRun(cluster, `cache ${what}`);
      await run.until(1 / 12);
      await cluster.command(command, 'redis');
      // Both what has ended long ago, and what was just accepted.
      const reader = readerOf(run, () => (Math.random() < 0.5 ? randomOf(run) : run.load.accepts.at(-1)?.id));
      await run.until(1);
      await reader.stop();
      await cluster.command('heal', 'redis');
      await run.load.stop();
      run.figures('accepts', { from: SECONDS / 12, to: SECONDS });
      const { figures } = reader;
      say(`cache ${what}: reads`, { ...figures });
      expect(run.failures.slice(0, 3)).toEqual([]);
      expect(reader.failures).toEqual([]);
      expect(await run.losses()).toEqual([]);
      expect(figures.p99).toBeLessThanOrEqual(latencyBound(READ_BOUND_MS));
    });

    function readerOf(run: FaultRun, next: () => string | undefined): StatusReader {
      expect(run.load.accepts.length).toBeGreaterThan(0);
      return new StatusReader({ url: cluster.url, perSecond: READS_PER_SECOND, next });
    }
  },
);

function randomOf({ load: { accepts } }: FaultRun): string | undefined {
  return accepts[Math.floor(Math.random() * accepts.length)]?.id;
}
