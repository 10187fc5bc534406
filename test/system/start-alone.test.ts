import { describe, expect, it, onTestFinished } from 'vitest';
import { usePostgres, useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { rabbitmqctl } from '../engines/rabbitmqctl.ts';
import { gatewayProcess, type RoleProcess, workerProcess } from '../engines/role-process.ts';
import { temporaryFolder } from './server.ts';

const READY_MS = 60_000;
const PATIENCE = { timeout: 60_000, interval: 100 };
const LONG = { timeout: 180_000 };
const STARTING = 'starting without the queue';

describe.skipIf(unavailable('rabbitmq-server', 'postgresql'))('a start without the engines', () => {
  const queue = useRabbitmq(1);
  const database = usePostgres();

  /** Stops the queue; what is returned starts it again. */
  async function outage(): Promise<() => Promise<void>> {
    const [, node] = queue.processes;
    const end = async (): Promise<void> => {
      await node?.start();
      await node?.ready(READY_MS);
    };
    await node?.stop();
    onTestFinished(end);
    return end;
  }

  async function start({ process }: RoleProcess): Promise<void> {
    await process.start();
    await process.ready(READY_MS);
  }

  it(
    'serves; refuses what it can not queue, or keeps it on its disk, until the queue is there',
    LONG,
    async () => {
      const endOutage = await outage();
      const url = `${queue.url}?prefix=alone`;
      const [bare, spooling] = [
        await gatewayProcess({ SLUICE_QUEUE_URL: url }),
        await gatewayProcess({ SLUICE_QUEUE_URL: url, SLUICE_SPOOL: temporaryFolder() }),
      ];
      await Promise.all([start(bare), start(spooling)]);
      const [live, ready] = [await fetch(`${bare.url}/livez`), await fetch(`${bare.url}/readyz`)];
      expect([live.status, ready.status]).toEqual([200, 200]);
      const [refused, ...kept] = await Promise.all([
        bare.post('refused'),
        spooling.post('kept'),
        spooling.post('kept'),
      ]);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      const bodies: unknown[] = await Promise.all(
        [ready, refused, ...kept].map((response) => response.json()),
      );
      expect(bodies).toMatchObject([
        { ready: true, queue: { ok: false, durable: false } },
        { code: 'SLUICE_QUEUE_UNAVAILABLE' },
        { durability: 'disk' },
        { durability: 'disk' },
      ]);
      expect(await spooling.metric('sluice_spooled')).toBe(2);
      await endOutage();
      await expect.poll(() => spooling.metric('sluice_spooled'), PATIENCE).toBe(0);
      const waiting = (): Promise<string> =>
        rabbitmqctl(queue, 0, 'list_queues', '--quiet', 'name', 'messages');
      await expect.poll(waiting, PATIENCE).toMatch(/^alone\.default\.normal\.0\t2$/m);
      await expect.poll(async () => (await bare.post('accepted')).status, PATIENCE).toBe(202);
      await expect.poll(bare.log, PATIENCE).toContain('connected to the queue');
      expect(bare.log().split(STARTING)).toHaveLength(2);
    },
  );

  it('comes to work in any order: gateway and worker first, then what they need', LONG, async () => {
    const endOutage = await outage();
    const [server] = database.processes;
    await server?.stop();
    const env = { SLUICE_QUEUE_URL: queue.url, SLUICE_DATABASE_URL: database.url };
    const [gateway, worker] = [await gatewayProcess(env), await workerProcess(env)];
    await worker.process.start();
    await start(gateway);
    await expect.poll(worker.log, PATIENCE).toContain(STARTING);
    await server?.start();
    await endOutage();
    await worker.process.ready(READY_MS);
    let location: string | null = null;
    const accepted = async (): Promise<string | null> => {
      const response = await gateway.post('done');
      location = response.headers.get('location');
      return location;
    };
    await expect.poll(accepted, PATIENCE).not.toBeNull();
    const result = (): Promise<unknown> =>
      fetch(`${gateway.url}${location}/result`).then((response) => response.json());
    await expect.poll(result, PATIENCE).toEqual({ text: 'done' });
    await outage();
    const readiness = (): Promise<string> => worker.process.member.probe().then(() => 'ready', String);
    await expect.poll(readiness, PATIENCE).toContain('503');
  });

  it('ends where durability is required, since nothing can be promised', async () => {
    const gateway = await gatewayProcess({ SLUICE_REQUIRE_DURABLE: 'true' });
    await expect(start(gateway)).rejects.toThrow('it ended');
    expect(gateway.log()).toContain('SLUICE_DURABILITY_INSUFFICIENT');
    expect(gateway.log()).toContain('more of the queue: it can not be asked what it promises (127.0.0.1');
  });

  it('ends where the queue is there and will not have it', async () => {
    const url = queue.url.replace('guest:guest', 'guest:wrong');
    const gateway = await gatewayProcess({ SLUICE_QUEUE_URL: url });
    await expect(start(gateway)).rejects.toThrow('it ended');
    expect(gateway.log()).toContain('SLUICE_QUEUE_UNUSABLE');
  });
});
