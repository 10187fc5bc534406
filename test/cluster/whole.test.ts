import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { MemberStatus } from '../../src/cluster/cluster.ts';
import { ControlClient } from '../../src/cluster/control-client.ts';
import { unavailable } from '../engines/engine.ts';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TASKS = fileURLToPath(new URL('../system/tasks.ts', import.meta.url));
const PROJECT_DATA = fileURLToPath(new URL('../../.sluice', import.meta.url));
const UP_MS = 240_000;
const WAIT = { timeout: 60_000, interval: 100 };
/** Twenty ports from here; nothing else of these tests has fixed ones. */
const PORT = 27_070;

describe.skipIf(unavailable('rabbitmq-server', 'redis-server', 'postgresql', 'haproxy'))(
  'the whole topology',
  () => {
    // Within the project, since the tasks that are built into it import this package.
    mkdirSync(PROJECT_DATA, { recursive: true });
    const folder = mkdtempSync(join(PROJECT_DATA, 'whole-'));
    const cluster = new ControlClient(folder);
    const accepted: string[] = [];
    let up: ReturnType<typeof spawn>;
    let url = '';
    let pids: number[] = [];

    beforeAll(async () => {
      up = spawn(
        process.execPath,
        [CLI, 'cluster', 'up', TASKS, '--data', folder, '--port', String(PORT), '--json'],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      if (!up.stdout) throw new Error('it has no output');
      const failed = once(up, 'exit').then(() => Promise.reject(new Error('the cluster did not come up')));
      const [line] = (await Promise.race([once(createInterface(up.stdout), 'line'), failed])) as [string];
      failed.catch(() => undefined);
      const ready = JSON.parse(line) as { url: string; members: MemberStatus[] };
      url = ready.url;
      pids = ready.members.flatMap(({ pid }) => pid ?? []);
    }, UP_MS);

    afterAll(async () => {
      if (up.exitCode === null) {
        up.kill('SIGINT');
        await once(up, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    }, UP_MS);

    async function send(text: string): Promise<string> {
      const response = await fetch(`${url}/v1/tasks/echo`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': text.replaceAll(' ', '-') },
        body: JSON.stringify(text),
      });
      const body = (await response.json()) as { id: string };
      expect({ status: response.status, body }).toMatchObject({ status: 202 });
      accepted.push(body.id);
      return body.id;
    }

    async function statusOf(id: string): Promise<string> {
      const response = await fetch(`${url}/v1/tasks/${id}`);
      return ((await response.json()) as { status: string }).status;
    }

    async function allSucceed(): Promise<void> {
      for (const id of accepted)
        await vi.waitFor(async () => expect(await statusOf(id)).toBe('succeeded'), WAIT);
    }

    it('runs a task from one end to the other, and says what its engines promise', async () => {
      await send('first');
      await allSucceed();
      const { queue, database } = (await (await fetch(`${url}/readyz`)).json()) as Record<
        string,
        { durable: boolean }
      >;
      expect([queue?.durable, database?.durable]).toEqual([true, true]);
    });

    it(
      'goes on accepting and working with a node of the queue, a gateway and a worker dead',
      async () => {
        for (const member of ['rabbitmq-1', 'gateway-1', 'worker-1']) await cluster.command('kill', member);
        for (let count = 0; count < 20; count += 1) await send(`with dead members ${count}`);
        await allSucceed();
        expect(await statusOf(accepted.at(-1) ?? '')).toBe('succeeded');
        for (const member of ['gateway-1', 'worker-1', 'rabbitmq-1']) await cluster.command('heal', member);
      },
      UP_MS,
    );

    it(
      'goes on accepting without database and cache, tells of no task that there is none, and runs all of them after',
      async () => {
        for (const member of ['postgres', 'redis']) await cluster.command('kill', member);
        for (let count = 0; count < 10; count += 1) {
          expect(['queued', 'accepted']).toContain(await statusOf(await send(`without a database ${count}`)));
        }
        for (const member of ['postgres', 'redis']) await cluster.command('heal', member);
        await allSucceed();
      },
      UP_MS,
    );

    it('refuses a second cluster in the same folder', async () => {
      const second = spawn(process.execPath, [CLI, 'cluster', 'up', TASKS, '--data', folder, '--json'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      second.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [code] = (await once(second, 'exit')) as [number];
      expect(code).not.toBe(0);
      expect(said).toContain('SLUICE_CLUSTER_RUNNING');
    });

    it(
      'ends with every process of it when it is asked to',
      async () => {
        const ended = once(up, 'exit');
        await cluster.down();
        expect(await ended).toEqual([0, null]);
        for (const pid of pids) expect(lives(pid)).toBe(false);
        expect(() => readFileSync(join(folder, 'control.json'))).toThrow('ENOENT');
      },
      UP_MS,
    );
  },
);

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
