import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { ownSchema } from '../database/postgres/postgres-under-test.ts';
import { usePostgres, useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import type { Answer, TaskShown } from '../system/client.ts';
import { Client } from '../system/client.ts';
import { type Running, serving, sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

const LONG_MS = 120_000;
const PATIENCE = { timeout: 60_000 };

interface Accepted extends TaskShown {
  readonly durability?: string;
}

describe.skipIf(unavailable('rabbitmq-server', 'postgresql'))(
  'a gateway with a spool',
  { timeout: LONG_MS },
  () => {
    const [queue, database] = [useRabbitmq(1), usePostgres()];

    afterEach(() => broker().signal('SIGCONT'));

    const broker = (): (typeof queue.processes)[number] =>
      queue.processes[1] ?? expect.fail('there is no node');

    /** An installation of its own, whose queue is there. */
    async function installation() {
      const cwd = echoProject();
      expect(await sluice(['build'], { cwd })).toMatchObject({ code: 0 });
      const env = {
        SLUICE_QUEUE_URL: `${queue.url}?prefix=test-${randomBytes(6).toString('hex')}`,
        SLUICE_DATABASE_URL: ownSchema(database),
        SLUICE_SECRET: 's'.repeat(40),
        SLUICE_SPOOL: 'spool',
        SLUICE_LOG_LEVEL: 'info',
      };
      const gateway = (...flags: string[]): Promise<Running> =>
        serving(['gateway', 'build', '--json', ...flags], { cwd, env });
      const worker = (): Promise<Running> => serving(['worker', 'build', '--json'], { cwd, env });
      return { cwd, env, gateway, worker };
    }

    async function post({ url }: Running, text: string): Promise<Answer<Accepted>> {
      return new Client(url).post('echo', { text }) as Promise<Answer<Accepted>>;
    }

    /** Posts so many tasks that the queue can not take; returns their ids. */
    async function spooled(gateway: Running, count: number): Promise<string[]> {
      const ids: string[] = [];
      for (let number = 0; number < count; number += 1) {
        const { status, body } = await post(gateway, `task ${number}`);
        expect([status, body.durability]).toEqual([202, 'disk']);
        ids.push(body.id);
      }
      return ids;
    }

    /** Waits until the queue takes tasks at once: a busy machine may take longer than half a second. */
    async function confirmed(gateway: Running): Promise<void> {
      const outcome = async () => (await post(gateway, 'confirmed')).body.durability;
      await expect.poll(outcome, PATIENCE).toBeUndefined();
      await expect.poll(() => metric(gateway), PATIENCE).toBe(0);
    }

    async function metric({ said }: Running): Promise<number> {
      const metricsUrl = /"metricsUrl":"([^"]+)"/.exec(said())?.[1] ?? '';
      const text = await (await fetch(metricsUrl)).text();
      return Number(/^sluice_spooled (\d+)$/m.exec(text)?.[1]);
    }

    async function readiness({ url }: Running) {
      const response = await fetch(`${url}/readyz`);
      return { status: response.status, ...((await response.json()) as { queue: object }) };
    }

    async function allSucceed({ url }: Running, ids: readonly string[]): Promise<void> {
      const ends = await Promise.all(ids.map((id) => new Client(url).end(id)));
      expect(ends.map(({ id, status }) => [id, status])).toEqual(ids.map((id) => [id, 'succeeded']));
    }

    it('accepts without the queue, says so and counts; killed, it forwards under the same ids', async () => {
      const { gateway, worker } = await installation();
      const first = await gateway();
      await confirmed(first);
      expect(await readiness(first)).toMatchObject({ status: 200, queue: { ok: true, spooled: 0 } });
      await broker().kill();
      const ids = await spooled(first, 5);
      expect(await metric(first)).toBe(5);
      await expect
        .poll(() => readiness(first), PATIENCE)
        .toMatchObject({
          status: 200,
          queue: { ok: false, reason: expect.stringContaining('ECONNREFUSED') as string, spooled: 5 },
        });
      expect(first.said()).toContain('tasks are kept on this disk');
      await first.end('SIGKILL');
      // It is not there yet when the gateway starts.
      await broker().start();
      const second = await gateway();
      await expect.poll(() => metric(second), PATIENCE).toBe(0);
      expect(second.said()).toContain('the queue has taken every task');
      await confirmed(second);
      await worker();
      await allSucceed(second, ids);
    });

    it('asked to stop while the queue is frozen, says how many are left, and the next start forwards them', async () => {
      const { gateway, worker } = await installation();
      const first = await gateway('--grace', '1s');
      await confirmed(first);
      broker().signal('SIGSTOP');
      const ids = await spooled(first, 3);
      expect(await first.end('SIGTERM')).toBe(8);
      broker().signal('SIGCONT');
      expect(first.said()).toContain('"code":"SLUICE_SPOOL_LEFT"');
      expect(first.said()).toMatch(/3 accepted tasks are still on this disk.* in \/\S+\/spool;/);
      const second = await gateway();
      await expect.poll(() => metric(second), PATIENCE).toBe(0);
      await worker();
      await allSucceed(second, ids);
    });

    it('asked to stop, forwards first where the queue comes back in time', async () => {
      const { gateway, worker } = await installation();
      const first = await gateway();
      await confirmed(first);
      broker().signal('SIGSTOP');
      const ids = await spooled(first, 3);
      const ended = first.end('SIGTERM');
      const listens = (): Promise<boolean> =>
        fetch(`${first.url}/livez`).then(
          ({ ok }) => ok,
          () => false,
        );
      await expect.poll(listens, PATIENCE).toBe(false);
      broker().signal('SIGCONT');
      expect(await ended).toBe(0);
      const second = await gateway();
      expect(await metric(second)).toBe(0);
      await worker();
      await allSucceed(second, ids);
    });

    it('does not share it with another', async () => {
      const { cwd, env, gateway } = await installation();
      const { said } = await gateway();
      const args = ['gateway', 'build', '--port', '0', '--metrics-port', '0'];
      const { code, stderr } = await sluice(args, { cwd, env });
      expect([code, stderr]).toEqual([
        8,
        expect.stringMatching(/spool is in use .*--spool.*SLUICE_DATA_LOCKED/),
      ]);
      expect(said()).not.toContain('error');
    });
  },
);
