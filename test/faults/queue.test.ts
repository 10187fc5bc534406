import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningCluster } from '../cluster/running-cluster.ts';
import { unavailable } from '../packages/unavailable.ts';
import { endLoads, FaultRun, latencyBound, say, SECONDS, warmCluster } from './fault-run.ts';
import { scrape } from './scrape.ts';

const TASKS = fileURLToPath(new URL('tasks.ts', import.meta.url));
const NODES = ['rabbitmq-1', 'rabbitmq-2', 'rabbitmq-3'];
const MAJORITY = ['rabbitmq-1', 'rabbitmq-3'];
const AFTER_SECONDS = 10;

/** `bound` is that of p99.9 of the accepts in the ten seconds after a death, in milliseconds. */
const CLUSTERS = [
  { name: 'without a spool', port: 27_170, spool: false, bound: 2000 },
  { name: 'with a spool', port: 27_270, spool: true, bound: 1000 },
];

const missing = unavailable('rabbitmq-server', 'redis-server', 'postgresql', 'haproxy');

describe.skipIf(missing).each(CLUSTERS)('a cluster $name', ({ name, port, spool, bound }) => {
  let cluster: RunningCluster;

  beforeAll(async () => {
    cluster = await warmCluster({ tasks: TASKS, port, flags: spool ? ['--spool'] : [] });
  });

  afterEach(endLoads);

  afterAll(() => cluster.close());

  // Before any node boots: a frozen one is found out by the pauses of the last 100 s, and booting takes this machine's cores.
  it.each(NODES)('loses and refuses nothing when %s stands still, nor when it goes on', async (node) => {
    const run = new FaultRun(cluster, `${node} stopped, ${name}`);
    await run.until(1 / 6);
    const stop = run.now;
    await cluster.command('pause', node);
    await run.until(2 / 3);
    const back = run.now;
    await cluster.command('heal', node);
    await run.until(1);
    await run.load.stop();
    run.figures('before', { from: 2, to: stop });
    const after = run.figures('after the stop', { from: stop, to: stop + AFTER_SECONDS });
    run.figures('from when it goes on', { from: back, to: SECONDS });
    expect(run.failures.slice(0, 3)).toEqual([]);
    expect(await run.losses()).toEqual([]);
    expect(after.p999).toBeLessThanOrEqual(latencyBound(bound));
  });

  it.each(NODES)('loses and refuses nothing when %s is killed, nor when it comes back', async (node) => {
    const run = new FaultRun(cluster, `${node} killed, ${name}`);
    await run.until(1 / 6);
    const death = run.now;
    await cluster.command('kill', node);
    await run.until(1 / 2);
    const back = run.now;
    await cluster.command('heal', node);
    await run.until(1);
    await run.load.stop();
    run.figures('before', { from: 2, to: death });
    const after = run.figures('after the death', { from: death, to: death + AFTER_SECONDS });
    run.figures('from its start on', { from: back, to: SECONDS });
    expect(run.failures.slice(0, 3)).toEqual([]);
    expect(await run.losses()).toEqual([]);
    expect(after.p999).toBeLessThanOrEqual(latencyBound(bound));
  });

  it.runIf(spool)(
    'goes on accepting without two of three nodes, on disk, and forwards all of it',
    async () => {
      const run = await withoutMajority(`two nodes killed, ${name}`);
      expect(run.failures.slice(0, 3)).toEqual([]);
      const onDisk = run.load.accepts.filter(({ durability }) => durability === 'disk').length;
      say(`two nodes killed, ${name}`, { onDisk });
      expect(onDisk).toBeGreaterThan(0);
      expect(await run.losses()).toEqual([]);
      for (const gateway of ['gateway-1', 'gateway-2']) {
        await vi.waitFor(async () => expect(await scrape(cluster, gateway, 'sluice_spooled')).toBe(0), {
          timeout: 60_000,
        });
      }
    },
  );

  it.skipIf(spool)(
    'says 503 and when to come again without two of three nodes, and loses nothing',
    async () => {
      const run = await withoutMajority(`two nodes killed, ${name}`);
      const refused = run.load.accepts.filter(({ status }) => status === 503);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.filter(({ retryAfter }) => !(Number(retryAfter) > 0)).slice(0, 3)).toEqual([]);
      expect(run.failures.filter(({ status }) => status !== 503).slice(0, 3)).toEqual([]);
      say(`two nodes killed, ${name}`, { refused: refused.length });
      expect(await run.losses()).toEqual([]);
    },
  );

  async function withoutMajority(what: string): Promise<FaultRun> {
    const run = new FaultRun(cluster, what);
    await run.until(1 / 6);
    const death = run.now;
    await cluster.command('kill', ...MAJORITY);
    await run.until(1 / 2);
    const back = run.now;
    await cluster.command('heal', ...MAJORITY);
    await run.until(1);
    await run.load.stop();
    run.figures('before', { from: 2, to: death });
    run.figures('without two nodes', { from: death, to: back });
    run.figures('while they start, and after', { from: back, to: SECONDS });
    return run;
  }
});
