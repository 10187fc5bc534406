import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { ControlClient } from '../../src/cluster/control-client.ts';
import { endLeftovers, leftovers } from '../../src/cluster/leftovers.ts';
import { runningRecords, writeRecords } from '../../src/cluster/member-records.ts';
import { identify, isRunning } from '../../src/cluster/process-identity.ts';

const MODULE = new URL('../../dist/cluster/cluster.js', import.meta.url).href;
const MEMBER_MODULE = new URL('../../dist/cluster/member-process.js', import.meta.url).href;
const SLEEP = 'setInterval(() => {}, 1000)';

/** Runs a cluster of two tiers in the folder that it is given. */
const SUPERVISOR = `
import { Cluster } from ${JSON.stringify(MODULE)};
const member = (name) => ({
  name,
  port: 1,
  stopSignal: 'SIGTERM',
  prepare: async () => undefined,
  launch: () => ({ command: process.execPath, args: ['-e', '${SLEEP}'] }),
  probe: async () => undefined,
});
const cluster = new Cluster({ tiers: [[member('engine')], [member('gateway')]], folder: process.argv[1] });
await cluster.up();
cluster.pause('engine');
console.log('up');
`;

/** Is killed as soon as it has a member, which would make a file. */
const KILLED_AT_ONCE = `
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { MemberProcess } from ${JSON.stringify(MEMBER_MODULE)};
const folder = process.argv[1];
const member = {
  name: 'engine',
  port: 1,
  stopSignal: 'SIGTERM',
  prepare: async () => undefined,
  launch: () => ({ command: 'touch', args: [join(folder, 'begun')] }),
  probe: async () => undefined,
};
const engine = new MemberProcess(member, join(folder, 'log'), {
  apart: true,
  onSpawn: () => {
    writeSync(1, String(engine.pid));
    process.kill(process.pid, 'SIGKILL');
  },
});
await engine.start();
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-leftovers-'));
  return () => rmSync(folder, { recursive: true });
});

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function killedSupervisor(): Promise<void> {
  const supervisor = start(['--input-type=module', '-e', SUPERVISOR, folder]);
  if (supervisor.stdout) await once(supervisor.stdout, 'data');
  const exit = once(supervisor, 'exit');
  supervisor.kill('SIGKILL');
  await exit;
}

it('ends the members of a cluster that was killed, and names them', async () => {
  await killedSupervisor();
  const records = runningRecords(folder).flat();
  expect(leftovers(folder)).toEqual(['engine', 'gateway']);
  await expect(new ControlClient(folder).members()).rejects.toMatchObject({
    code: 'SLUICE_CLUSTER_ABANDONED',
    data: { members: 'engine, gateway' },
  });
  expect(await endLeftovers(folder)).toEqual(['engine', 'gateway']);
  expect(records.map(isRunning)).toEqual([false, false]);
  expect(leftovers(folder)).toEqual([]);
  await expect(new ControlClient(folder).members()).rejects.toMatchObject({ code: 'SLUICE_CLUSTER_ABSENT' });
});

it('has no member begin that is not noted yet when the cluster is killed', async () => {
  const supervisor = start(['--input-type=module', '-e', KILLED_AT_ONCE, folder]);
  const [pid] = supervisor.stdout ? ((await once(supervisor.stdout, 'data')) as [Buffer]) : [];
  const engine = identify(Number(pid));
  await expect.poll(() => isRunning(engine), { timeout: 30_000 }).toBe(false);
  expect(readdirSync(folder)).toEqual(['log']);
});

it('leaves a process alone that was given the number of a member', async () => {
  const other = start(['-e', SLEEP]);
  const { pid = 0 } = other;
  const record = { name: 'engine', stopSignal: 'SIGKILL' as const };
  writeRecords(folder, [
    [
      { ...record, pid, began: 'in the year before' },
      { ...record, pid },
    ],
  ]);
  expect(await endLeftovers(folder)).toEqual([]);
  expect(isRunning(identify(pid))).toBe(true);
});

it('has nothing to end in a folder without a cluster', async () => {
  expect(await endLeftovers(folder)).toEqual([]);
});

it('tells a process that has ended from one that runs, even if nobody has asked how it ended', async () => {
  // The shell becomes a program that does not wait for what the shell has started.
  const parent = spawn('sh', ['-c', `sleep 0.01 & echo $!; exec sleep 60`]);
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const identity = identify(Number(line.toString()));
  await expect.poll(() => isRunning(identity), { timeout: 30_000 }).toBe(false);
  expect(isRunning(identify(parent.pid ?? 0))).toBe(true);
});
