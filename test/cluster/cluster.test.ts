import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Member } from '../../src/cluster/member.ts';
import { freePort } from '../engines/free-port.ts';

const SERVER = `
const { createServer } = require('node:http');
createServer((request, response) => response.end(String(process.pid))).listen(Number(process.argv[1]), '127.0.0.1');
`;

async function server(name: string, script = SERVER): Promise<Member> {
  const port = await freePort();
  return {
    name,
    port,
    stopSignal: 'SIGTERM',
    prepare: () => Promise.resolve(),
    launch: () => ({ command: process.execPath, args: ['-e', script, String(port)] }),
    probe: async () => {
      await fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(500) });
    },
  };
}

function clusterOf(tiers: readonly (readonly Member[])[]): { cluster: Cluster; seen: string[] } {
  const logFolder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const seen: string[] = [];
  const cluster = new Cluster({
    tiers,
    logFolder,
    onChange: (members) => seen.push(members.map(({ name, state }) => `${name} ${state}`).join(', ')),
  });
  onTestFinished(async () => {
    await cluster.down();
    rmSync(logFolder, { recursive: true });
  });
  return { cluster, seen };
}

function stateOf(cluster: Cluster, name: string): string | undefined {
  return cluster.members.find((member) => member.name === name)?.state;
}

it('starts a tier when the one before is ready, and ends them the other way round', async () => {
  const { cluster, seen } = clusterOf([[await server('engine')], [await server('gateway')]]);
  await cluster.up();
  await cluster.down();
  expect(seen).toEqual([
    'engine starting, gateway down',
    'engine up, gateway down',
    'engine up, gateway starting',
    'engine up, gateway up',
    'engine up, gateway down',
    'engine down, gateway down',
  ]);
});

it('leaves a member that was killed dead until it is healed', async () => {
  const member = await server('engine');
  const { cluster } = clusterOf([[member]]);
  await cluster.up();
  await cluster.kill('engine');
  expect(stateOf(cluster, 'engine')).toBe('down');
  await expect(member.probe()).rejects.toBeInstanceOf(Error);
  await cluster.heal('engine');
  expect(stateOf(cluster, 'engine')).toBe('up');
  await member.probe();
});

it('starts a member again that ended by itself', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  await cluster.up();
  const [before] = cluster.members;
  process.kill(before?.pid ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(cluster.members[0]?.pid).not.toBe(before?.pid), 30_000);
  await vi.waitFor(() => expect(stateOf(cluster, 'engine')).toBe('up'), 30_000);
});

it('pauses a member with its connections open, and lets it go on', async () => {
  const member = await server('engine');
  const { cluster } = clusterOf([[member]]);
  await cluster.up();
  const [{ pid } = {}] = cluster.members;
  cluster.pause('engine');
  expect(stateOf(cluster, 'engine')).toBe('paused');
  await expect(member.probe()).rejects.toBeInstanceOf(Error);
  await cluster.heal('engine');
  expect(cluster.members[0]).toMatchObject({ state: 'up', pid });
});

it('says which member does not come up, and what it said', async () => {
  const { cluster } = clusterOf([[await server('engine', 'throw new Error("no disk")')]]);
  await expect(cluster.up()).rejects.toThrow(/^engine could not be brought up: it ended.*no disk/s);
  expect(stateOf(cluster, 'engine')).toBe('down');
});

it('knows its members by name', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  await expect(cluster.kill('engin')).rejects.toThrow(
    'There is no "engin" in this cluster. There are: engine.',
  );
});

it('leaves nothing behind that was only about to start when it ended', async () => {
  let prepared = (): void => undefined;
  const slow: Member = {
    ...(await server('slow')),
    prepare: () =>
      new Promise((resolve) => {
        prepared = resolve;
      }),
  };
  const { cluster } = clusterOf([[await server('broken', 'process.exit(1)'), slow]]);
  await expect(cluster.up()).rejects.toThrow(/^broken could not be brought up/);
  const down = cluster.down();
  prepared();
  await down;
  expect(cluster.members.map(({ pid }) => pid)).toEqual([undefined, undefined]);
  await expect(slow.probe()).rejects.toBeInstanceOf(Error);
});
