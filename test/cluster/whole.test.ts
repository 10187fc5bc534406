import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { unavailable } from '../packages/unavailable.ts';
import { RunningCluster } from './running-cluster.ts';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TASKS = fileURLToPath(new URL('tasks.ts', import.meta.url));
const UP_MS = 240_000;
const WAIT = { timeout: 60_000, interval: 100 };
/** Twenty ports from here; nothing else of these tests has fixed ones. */
const PORT = 27_070;

describe.skipIf(unavailable('rabbitmq-server', 'redis-server', 'postgresql', 'haproxy'))(
  'the whole topology',
  () => {
    const accepted: string[] = [];
    let cluster: RunningCluster;

    beforeAll(async () => {
      cluster = await RunningCluster.up({ tasks: TASKS, port: PORT, apart: true });
    }, UP_MS);

    afterAll(() => cluster.close(), UP_MS);

    async function post(task: string, key: string, input: unknown): Promise<string> {
      const response = await fetch(`${cluster.url}/v1/tasks/${task}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(input),
      });
      const body = (await response.json()) as { id: string };
      expect({ status: response.status, body }).toMatchObject({ status: 202 });
      return body.id;
    }

    async function send(text: string): Promise<string> {
      const id = await post('echo', text.replaceAll(' ', '-'), text);
      accepted.push(id);
      return id;
    }

    async function statusOf(id: string): Promise<string> {
      const response = await fetch(`${cluster.url}/v1/tasks/${id}`);
      return ((await response.json()) as { status: string }).status;
    }

    async function allSucceed(): Promise<void> {
      for (const id of accepted)
        await vi.waitFor(async () => expect(await statusOf(id)).toBe('succeeded'), WAIT);
    }

    it('runs a task from one end to the other, and says what its engines promise', async () => {
      await send('first');
      await allSucceed();
      const { queue, database } = (await (await fetch(`${cluster.url}/readyz`)).json()) as Record<
        string,
        { durable: boolean }
      >;
      expect([queue?.durable, database?.durable]).toEqual([true, true]);
    });

    it(
      'goes on accepting and working with a node of the queue, a gateway and a worker dead',
      async () => {
        await cluster.command('kill', 'rabbitmq-1', 'gateway-1', 'worker-1');
        for (let count = 0; count < 20; count += 1) await send(`with dead members ${count}`);
        await allSucceed();
        expect(await statusOf(accepted.at(-1) ?? '')).toBe('succeeded');
        await cluster.command('heal', 'gateway-1', 'worker-1', 'rabbitmq-1');
      },
      UP_MS,
    );

    it(
      'goes on accepting without database and cache, tells of no task that there is none, and runs all of them after',
      async () => {
        await cluster.command('kill', 'postgres', 'redis');
        for (let count = 0; count < 10; count += 1) {
          expect(['queued', 'accepted']).toContain(await statusOf(await send(`without a database ${count}`)));
        }
        await cluster.command('heal', 'postgres', 'redis');
        await allSucceed();
      },
      UP_MS,
    );

    it('refuses a second cluster in the same folder', async () => {
      const second = spawn(
        process.execPath,
        [CLI, 'cluster', 'up', TASKS, '--data', cluster.folder, '--json'],
        {
          stdio: ['ignore', 'ignore', 'pipe'],
        },
      );
      let said = '';
      second.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [code] = (await once(second, 'exit')) as [number];
      expect(code).not.toBe(0);
      expect(said).toContain('SLUICE_CLUSTER_RUNNING');
    });

    it(
      'lets what runs end when Ctrl-C ends it, with every process of it',
      async () => {
        const gate = join(cluster.folder, 'gate');
        const trace = join(cluster.folder, 'trace');
        await post('lasting', 'lasting', { gate, trace });
        await vi.waitFor(() => expect(existsSync(trace)).toBe(true), WAIT);
        const pids = (await cluster.members()).flatMap(({ pid }) => pid ?? []);
        const ended = once(cluster.process, 'exit');
        cluster.ctrlC();
        // The load balancer ends first, and then those that it leads to.
        await vi.waitFor(async () => expect((await cluster.member('haproxy')).state).toBe('down'), WAIT);
        writeFileSync(gate, '');
        expect(await ended).toEqual([0, null]);
        expect(readFileSync(trace, 'utf8')).toBe('begun\nended\n');
        for (const pid of pids) expect(lives(pid)).toBe(false);
        expect(() => readFileSync(join(cluster.folder, 'control.json'))).toThrow('ENOENT');
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
