import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { MemberStatus } from '../../src/cluster/cluster.ts';
import { ControlClient } from '../../src/cluster/control-client.ts';
import { endLeftovers } from '../../src/cluster/leftovers.ts';
import { runningRecords } from '../../src/cluster/member-records.ts';
import { isRunning, type ProcessIdentity } from '../../src/cluster/process-identity.ts';
import { sluice } from '../cli/cli.ts';
import { unavailable } from '../packages/unavailable.ts';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TASKS = fileURLToPath(new URL('tasks.ts', import.meta.url));
const WAIT = { timeout: 90_000, interval: 50 };
/** Twenty ports from here. */
const PORT = 27_670;

/** A cluster of which the first members are up, and the others are not. */
interface Starting {
  readonly process: ChildProcess;
  readonly members: readonly ProcessIdentity[];
  readonly said: () => string;
  /** What a terminal does at Ctrl-C: all that was started in it are told. */
  readonly ctrlC: () => void;
  readonly ended: Promise<unknown>;
}

describe.skipIf(unavailable('rabbitmq-server', 'redis-server', 'postgresql', 'haproxy'))(
  'a cluster that starts',
  { timeout: 180_000 },
  () => {
    let folder: string;
    let control: ControlClient;
    let started: Starting[] = [];

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'sluice-starting-'));
      control = new ControlClient(folder);
    });

    afterEach(async () => {
      for (const { process: up, ended } of started) {
        up.kill('SIGKILL');
        await ended;
      }
      started = [];
      await endLeftovers(folder);
    });

    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    async function start(): Promise<Starting> {
      const args = ['cluster', 'up', TASKS, '--data', folder, '--port', String(PORT)];
      const up = spawn(process.execPath, [CLI, ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      });
      let said = '';
      up.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = once(up, 'exit');
      const starting = {
        process: up,
        members: [],
        said: () => said,
        ended,
        ctrlC: () => process.kill(-(up.pid ?? 0), 'SIGINT'),
      };
      started.push(starting);
      await vi.waitFor(async () => {
        const members = await control.members().catch((): MemberStatus[] => []);
        expect(members.find(({ name }) => name === 'rabbitmq-1')?.state).toBe('starting');
      }, WAIT);
      const members = runningRecords(folder).flat();
      expect(members.length).toBeGreaterThanOrEqual(3);
      return Object.assign(starting, { members });
    }

    it('ends with all its members at Ctrl-C', async () => {
      const starting = await start();
      starting.ctrlC();
      expect(await starting.ended).toEqual([130, null]);
      expect(starting.members.filter(isRunning)).toEqual([]);
    });

    it('ends with all its members when it is told to, and says which', async () => {
      const starting = await start();
      const { code, stdout } = await sluice(['cluster', 'down', '--data', folder, '--json']);
      expect(code).toBe(0);
      const { ended } = JSON.parse(stdout) as { ended: string[] };
      expect(ended.slice(0, 3)).toEqual(['epmd', 'postgres', 'redis']);
      expect(starting.members.filter(isRunning)).toEqual([]);
      expect(await starting.ended).toEqual([130, null]);
    });

    it('leaves none of them behind when it is told twice', async () => {
      const starting = await start();
      starting.process.kill('SIGTERM');
      await vi.waitFor(() => expect(starting.said()).toContain('Stopping'), WAIT);
      starting.process.kill('SIGTERM');
      expect(await starting.ended).toEqual([130, null]);
      await vi.waitFor(() => expect(starting.members.filter(isRunning)).toEqual([]), WAIT);
    });

    it('leaves them to "cluster down" where it is killed', async () => {
      const starting = await start();
      starting.process.kill('SIGKILL');
      await starting.ended;
      const status = await sluice(['cluster', 'status', '--data', folder]);
      expect(status).toMatchObject({ code: 1 });
      expect(status.stderr).toMatch(/was killed, and these members run on: epmd, postgres, redis/);
      const { stdout } = await sluice(['cluster', 'down', '--data', folder, '--json']);
      expect((JSON.parse(stdout) as { ended: string[] }).ended).toContain('postgres');
      expect(starting.members.filter(isRunning)).toEqual([]);
      expect(await sluice(['cluster', 'down', '--data', folder])).toMatchObject({ code: 1 });
    });

    it('ends what one that was killed has left', async () => {
      const killed = await start();
      killed.process.kill('SIGKILL');
      await killed.ended;
      const next = await start();
      expect(next.said()).toMatch(
        /Ended what a cluster that was killed had left here: epmd, postgres, redis/,
      );
      expect(killed.members.filter(isRunning)).toEqual([]);
    });

    it('shows its members as JSON, one a line', async () => {
      await start();
      const { stdout } = await sluice(['cluster', 'status', '--data', folder, '--json']);
      const members = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as MemberStatus);
      expect(members.find(({ name }) => name === 'redis')).toMatchObject({ state: 'up', port: PORT + 9 });
    });
  },
);

describe('sluice cluster up', () => {
  it.each(['0', '65530', '70000'])('refuses port %s, from which there are not enough', async (port) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-ports-'));
    const { code, stderr } = await sluice(['cluster', 'up', TASKS, '--data', folder, '--port', port]);
    rmSync(folder, { recursive: true });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('SLUICE_OPTION_INVALID'),
    });
  });
});
