import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningCluster } from '../cluster/running-cluster.ts';
import { unavailable } from '../engines/engine.ts';
import { FaultRun, SECONDS } from './fault-run.ts';

const TASKS = fileURLToPath(new URL('tasks.ts', import.meta.url));
const NODES = ['rabbitmq-1', 'rabbitmq-2', 'rabbitmq-3'];
const AFTER_SECONDS = 10;

/** Ports, and the bound of p99.9 in the ten seconds after a death, in milliseconds. */
const CLUSTERS = [
  { name: 'without a spool', port: 27_170, flags: [], bound: 2000 },
  { name: 'with a spool', port: 27_270, flags: ['--spool'], bound: 1000 },
];

describe.skipIf(unavailable('rabbitmq-server', 'redis-server', 'postgresql', 'haproxy')).each(CLUSTERS)(
  'a cluster $name',
  ({ name, port, flags, bound }) => {
    let cluster: RunningCluster;

    beforeAll(async () => {
      cluster = await RunningCluster.up({ tasks: TASKS, port, flags });
    });

    afterAll(() => cluster.close());

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
      run.figures('while it starts', { from: back, to: SECONDS });
      run.expectNoneFailed();
      await run.expectNoneLost();
      expect(after.p999).toBeLessThanOrEqual(bound);
    });

    it.each(NODES)('loses and refuses nothing when %s stands still, nor when it goes on', async (node) => {
      const run = new FaultRun(cluster, `${node} stopped, ${name}`);
      await run.until(1 / 6);
      const death = run.now;
      await cluster.command('pause', node);
      await run.until(2 / 3);
      const back = run.now;
      await cluster.command('heal', node);
      await run.until(1);
      await run.load.stop();
      run.figures('before', { from: 2, to: death });
      const after = run.figures('after the stop', { from: death, to: death + AFTER_SECONDS });
      run.figures('after it goes on', { from: back, to: SECONDS });
      run.expectNoneFailed();
      await run.expectNoneLost();
      expect(after.p999).toBeLessThanOrEqual(bound);
    });
  },
);
