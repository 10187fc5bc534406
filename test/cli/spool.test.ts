import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../src/testing/eventually.ts';
import { usePostgres, useRabbitmq } from '../engines/engine.ts';
import { unavailable } from '../packages/unavailable.ts';
import { Client } from '../system/client.ts';
import { sluice } from './cli.ts';
import { type Accepted, PATIENCE, SpoolInstallation, type SpoolingGateway } from './spool-installation.ts';

const LONG_MS = 120_000;
/** Of a body that a queue with a smaller limit refuses. */
const BIG = 'x'.repeat(20_000);
/** Leaves a task to be published when the file is there that it is given; returns its id. */
const PARENT = `import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { task } from 'sluice';
export const parent = task('parent', {
  input: {},
  run: async (gate, ctx) => {
    const child = ctx.enqueue('echo', { text: 'child' });
    while (!existsSync(gate as string)) await sleep(10);
    return child;
  },
});
`;

describe.skipIf(unavailable('rabbitmq-server', 'postgresql'))(
  'a gateway with a spool',
  { timeout: LONG_MS },
  () => {
    const [queue, database] = [useRabbitmq(1), usePostgres()];

    afterEach(() => broker().signal('SIGCONT'));

    const broker = (): (typeof queue.processes)[number] =>
      queue.processes[1] ?? expect.fail('there is no node');

    const installed = (): Promise<SpoolInstallation> => SpoolInstallation.make(queue, database);

    it('accepts without the queue, says so and counts; killed, it forwards under the same ids', async () => {
      const installation = await installed();
      const first = await installation.gateway();
      await first.confirms();
      expect(await first.readiness()).toMatchObject({ status: 200, queue: { ok: true, spooled: 0 } });
      await broker().kill();
      const ids = await first.spool(5);
      expect(await first.spooled()).toBe(5);
      await expect
        .poll(() => first.readiness(), PATIENCE)
        .toMatchObject({
          status: 200,
          queue: { ok: false, reason: expect.stringContaining('ECONNREFUSED') as string, spooled: 5 },
        });
      expect(first.said).toContain('tasks are kept on this disk');
      await first.running.end('SIGKILL');
      // It is not there yet when the gateway starts.
      await broker().start();
      const second = await installation.gateway();
      await expect.poll(() => second.spooled(), PATIENCE).toBe(0);
      expect(second.said).toContain('the queue has taken every task');
      await second.confirms();
      await installation.worker();
      await second.allSucceed(ids);
    });

    const MOMENTS = {
      keeps: async () => undefined,
      forwards: async (accepted: readonly Accepted[]) => {
        broker().signal('SIGCONT');
        await eventually('the queue confirms', () => accepted.at(-1)?.durability === undefined);
      },
    };

    it.each(['keeps', 'forwards'] as const)(
      'loses nothing when it is killed while it %s tasks',
      async (what) => {
        const installation = await installed();
        const first = await installation.gateway();
        await first.confirms();
        broker().signal('SIGSTOP');
        const accepted: Accepted[] = [];
        const sending = Array.from({ length: 8 }, () => sendUntilEnd(first, accepted));
        await expect.poll(() => accepted.length, PATIENCE).toBeGreaterThan(100);
        await MOMENTS[what](accepted);
        await first.running.end('SIGKILL');
        await Promise.all(sending);
        broker().signal('SIGCONT');
        const second = await installation.gateway();
        await expect.poll(() => second.spooled(), PATIENCE).toBe(0);
        await installation.worker();
        await second.allSucceed(accepted.map(({ id }) => id));
      },
    );

    it('asked to stop while the queue is frozen, says how many are left, and the next start forwards them', async () => {
      const installation = await installed();
      const first = await installation.gateway(['--grace', '1s']);
      await first.confirms();
      broker().signal('SIGSTOP');
      const ids = await first.spool(3);
      expect(await first.running.end('SIGTERM')).toBe(8);
      broker().signal('SIGCONT');
      expect(first.said).toContain('"code":"SLUICE_SPOOL_LEFT"');
      expect(first.said).toMatch(/3 accepted tasks are still on this disk.* in \/\S+\/spool;/);
      const second = await installation.gateway();
      await expect.poll(() => second.spooled(), PATIENCE).toBe(0);
      await installation.worker();
      await second.allSucceed(ids);
    });

    it('asked to stop, forwards first where the queue comes back in time', async () => {
      const installation = await installed();
      const first = await installation.gateway();
      await first.confirms();
      broker().signal('SIGSTOP');
      const ids = await first.spool(3);
      const ended = first.running.end('SIGTERM');
      const listens = (): Promise<boolean> =>
        fetch(`${first.running.url}/livez`).then(
          ({ ok }) => ok,
          () => false,
        );
      await expect.poll(listens, PATIENCE).toBe(false);
      broker().signal('SIGCONT');
      expect(await ended).toBe(0);
      const second = await installation.gateway();
      expect(await second.spooled()).toBe(0);
      await installation.worker();
      await second.allSucceed(ids);
    });

    it('keeps what has become too large for the queue, forwards the rest, and says so until the limit allows it', async () => {
      const installation = await installed();
      const first = await installation.gateway();
      await first.confirms();
      broker().signal('SIGSTOP');
      const big = await first.spool(2, BIG);
      const small = await first.spool(2);
      await first.running.end('SIGKILL');
      broker().signal('SIGCONT');
      const second = await installation.gateway([], '&maxMessageBytes=10000');
      await expect.poll(() => second.spooled(), PATIENCE).toBe(2);
      await expect
        .poll(() => second.readiness(), PATIENCE)
        .toMatchObject({ status: 200, queue: { ok: true, spooled: 2, tooLarge: 2 } });
      for (const id of big) expect(second.said).toMatch(new RegExp(`${id}.*too large for the queue`));
      await installation.worker();
      await second.allSucceed(small);
      expect(await second.running.end('SIGTERM')).toBe(8);
      expect(second.said).toMatch(/2 accepted tasks are still on this disk/);
      const third = await installation.gateway();
      await expect.poll(() => third.spooled(), PATIENCE).toBe(0);
      await third.allSucceed(big);
    });

    it('with a full disk, takes what the queue confirms late, shows the disk, and is well when that is', async () => {
      const gateway = await (await installed()).gateway();
      await gateway.confirms();
      gateway.limitFiles(1);
      broker().signal('SIGSTOP');
      const posts = Promise.all(['a', 'b', 'c'].map((text) => gateway.post(text)));
      await expect
        .poll(() => gateway.readiness(), PATIENCE)
        .toMatchObject({
          status: 200,
          queue: { ok: false, reason: expect.stringContaining('the spool: ') as string, spooled: 0 },
        });
      broker().signal('SIGCONT');
      const answers = (await posts).map(({ status, body }) => [status, body.durability]);
      expect(answers).toEqual([
        [202, undefined],
        [202, undefined],
        [202, undefined],
      ]);
      expect(gateway.said.match(/the spool can not be written/g)).toHaveLength(1);
      gateway.limitFiles('unlimited');
      await expect.poll(async () => (await gateway.readiness()).queue.ok, PATIENCE).toBe(true);
    });

    it('that runs the tasks, too, keeps there nothing that the database keeps', async () => {
      const installation = await SpoolInstallation.make(queue, database, { 'tasks/parent.ts': PARENT });
      const first = await installation.both();
      await first.confirms();
      const client = new Client(first.running.url);
      const gate = join(installation.cwd, 'gate');
      const id = await client.accept('parent', gate);
      await expect.poll(async () => (await client.get(id)).status, PATIENCE).toBe('running');
      broker().signal('SIGSTOP');
      writeFileSync(gate, '');
      const { result: child } = await client.end(id);
      await expect.poll(() => first.said, PATIENCE).toContain('wait to be published');
      expect(await first.spooled()).toBe(0);
      await first.running.end('SIGKILL');
      rmSync(join(installation.cwd, 'spool'), { recursive: true });
      broker().signal('SIGCONT');
      const second = await installation.both();
      await second.allSucceed([child as string]);
    });

    it('does not share it with another', async () => {
      const installation = await installed();
      const gateway = await installation.gateway();
      const args = ['gateway', 'build', '--port', '0', '--metrics-port', '0'];
      const { code, stderr } = await sluice(args, installation);
      expect([code, stderr]).toEqual([
        8,
        expect.stringMatching(/spool is in use .*--spool.*SLUICE_DATA_LOCKED/),
      ]);
      expect(gateway.said).not.toContain('error');
    });
  },
);

/** Posts one task after the other until the gateway ends, and notes those that it has accepted. */
async function sendUntilEnd(gateway: SpoolingGateway, accepted: Accepted[]): Promise<void> {
  for (let number = 0; ; number += 1) {
    const answer = await gateway.post(`task ${number}`).catch(() => undefined);
    if (!answer) return;
    if (answer.status === 202) accepted.push(answer.body);
  }
}
