import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import { SluiceError } from '../../src/core/errors.ts';
import type { Member } from '../../src/cluster/member.ts';
import { freePort } from '../engines/free-port.ts';

const WAIT = { timeout: 30_000, interval: 20 };

const SERVER = `
const { createServer } = require('node:http');
console.log('started');
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

function clusterOf(tiers: readonly (readonly Member[])[]): {
  cluster: Cluster;
  seen: string[];
  folder: string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const seen: string[] = [];
  const cluster = new Cluster({
    tiers,
    folder,
    onChange: (members) => seen.push(members.map(({ name, state }) => `${name} ${state}`).join(', ')),
  });
  onTestFinished(async () => {
    await cluster.down();
    rmSync(folder, { recursive: true });
  });
  return { cluster, seen, folder };
}

function stateOf(cluster: Cluster, name: string): string | undefined {
  return cluster.members.find((member) => member.name === name)?.state;
}

function pidOf(cluster: Cluster, name: string): number {
  return cluster.members.find((member) => member.name === name)?.pid ?? 0;
}

/** Has the member end by itself. */
async function crash(cluster: Cluster, name: string): Promise<void> {
  process.kill(pidOf(cluster, name), 'SIGKILL');
  await vi.waitFor(() => expect(stateOf(cluster, name)).toBe('down'), WAIT);
}

/** As long as it takes until a member that ended just now is started again. */
async function untilRestarted(cluster: Cluster, name: string): Promise<void> {
  const before = pidOf(cluster, name);
  await crash(cluster, name);
  await vi.waitFor(() => expect(stateOf(cluster, name)).toBe('up'), WAIT);
  expect(pidOf(cluster, name)).not.toBe(before);
}

/** What a terminal tells of Ctrl-C. */
function processGroupOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2];
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

it('has a member stand back for the others as far as it says', async () => {
  const member = await server('worker');
  const modest = { ...member, launch: () => ({ ...member.launch(), niceness: 5 }) };
  const { cluster } = clusterOf([[modest, await server('gateway')]]);
  await cluster.up();
  const [worker, gateway] = ['worker', 'gateway'].map((name) => getPriority(pidOf(cluster, name)));
  expect([worker, gateway]).toEqual([5, getPriority()]);
});

it('starts a member again that ended by itself', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  await cluster.up();
  await untilRestarted(cluster, 'engine');
  expect(stateOf(cluster, 'engine')).toBe('up');
});

it('leaves a member dead that is killed while it was about to be started again', async () => {
  const { cluster } = clusterOf([[await server('engine'), await server('other')]]);
  await cluster.up();
  await crash(cluster, 'engine');
  await cluster.kill('engine');
  await untilRestarted(cluster, 'other');
  expect(cluster.members[0]).toMatchObject({ state: 'down', pid: undefined });
});

it('starts nothing again once it has ended', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  const { cluster: other } = clusterOf([[await server('other')]]);
  await Promise.all([cluster.up(), other.up()]);
  await crash(cluster, 'engine');
  await cluster.down();
  await untilRestarted(other, 'other');
  expect(cluster.members[0]).toMatchObject({ state: 'down', pid: undefined });
});

it('starts no further tier once it is to end', async () => {
  let ready = (): void => undefined;
  const engine: Member = {
    ...(await server('engine')),
    probe: () =>
      new Promise((resolve) => {
        ready = resolve;
      }),
  };
  const { cluster, seen } = clusterOf([[engine], [await server('gateway')]]);
  const up = cluster.up();
  up.catch(() => undefined);
  await vi.waitFor(() => expect(pidOf(cluster, 'engine')).toBeGreaterThan(0), WAIT);
  const down = cluster.down();
  ready();
  await down;
  await expect(up).rejects.toMatchObject({ code: 'SLUICE_MEMBER_FAILED' });
  expect(cluster.members.map(({ pid }) => pid)).toEqual([undefined, undefined]);
  expect(seen.filter((states) => states.includes('gateway starting'))).toEqual([]);
});

it('starts nothing where a program is missing', async () => {
  const missing: Member = {
    ...(await server('balancer')),
    launch: () => {
      throw new SluiceError('SLUICE_BINARY_MISSING', { name: 'haproxy', debianPackage: 'haproxy' });
    },
  };
  const { cluster, seen } = clusterOf([[await server('engine')], [missing]]);
  await expect(cluster.up()).rejects.toMatchObject({ code: 'SLUICE_BINARY_MISSING' });
  expect(seen).toEqual([]);
});

it('keeps from its members what a terminal sends to all that was started in it', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  await cluster.up();
  expect(processGroupOf(pidOf(cluster, 'engine'))).not.toBe(processGroupOf(process.pid));
});

it('keeps from its members what is set for another Sluice', async () => {
  vi.stubEnv('SLUICE_SPOOL', '/somewhere');
  vi.stubEnv('OF_A_TASK', 'kept');
  onTestFinished(() => void vi.unstubAllEnvs());
  const script = `const { SLUICE_SPOOL, SLUICE_SECRET, OF_A_TASK } = process.env;
console.log(JSON.stringify({ SLUICE_SPOOL, SLUICE_SECRET, OF_A_TASK }));${SERVER}`;
  const member = await server('engine', script);
  const launch = (): ReturnType<Member['launch']> => ({ ...member.launch(), env: { SLUICE_SECRET: 'own' } });
  const { cluster } = clusterOf([[{ ...member, launch }]]);
  await cluster.up();
  expect(cluster.lastWords('engine')).toBe('{"SLUICE_SECRET":"own","OF_A_TASK":"kept"}\nstarted');
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

it('pauses only what is up, and says so', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  await cluster.up();
  cluster.pause('engine');
  cluster.pause('engine');
  expect(stateOf(cluster, 'engine')).toBe('paused');
  await cluster.kill('engine');
  expect(() => cluster.pause('engine')).toThrow('engine is down. Only a member that is up can be paused.');
});

it('tells of a paused member that was killed by somebody else', async () => {
  const { cluster } = clusterOf([[await server('engine'), await server('other')]]);
  await cluster.up();
  cluster.pause('engine');
  await crash(cluster, 'engine');
  await untilRestarted(cluster, 'other');
  expect(stateOf(cluster, 'engine')).toBe('down');
  await cluster.heal('engine');
  expect(stateOf(cluster, 'engine')).toBe('up');
});

it('has nothing to heal of a member that is up', async () => {
  const { cluster, seen } = clusterOf([[await server('engine')]]);
  await cluster.up();
  const { pid } = cluster.members[0] ?? {};
  await cluster.heal('engine');
  expect(cluster.members[0]).toMatchObject({ state: 'up', pid });
  expect(seen).toEqual(['engine starting', 'engine up']);
});

it('starts one process of a member that two heal at a time', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  await cluster.up();
  await cluster.kill('engine');
  await Promise.all([cluster.heal('engine'), cluster.heal('engine')]);
  await untilRestarted(cluster, 'engine');
  expect(cluster.lastWords('engine').split('\n')).toEqual(['started', 'started', 'started']);
});

it('heals a member while it is being killed', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  await cluster.up();
  const before = pidOf(cluster, 'engine');
  await Promise.all([cluster.kill('engine'), cluster.heal('engine')]);
  expect(stateOf(cluster, 'engine')).toBe('up');
  expect(pidOf(cluster, 'engine')).not.toBe(before);
});

it('goes on trying to start a member whose healing failed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const broken = join(folder, 'broken');
  const script = `if (require('node:fs').existsSync(${JSON.stringify(broken)})) process.exit(1);${SERVER}`;
  const { cluster } = clusterOf([[await server('engine', script)]]);
  await cluster.up();
  await cluster.kill('engine');
  writeFileSync(broken, '');
  await expect(cluster.heal('engine')).rejects.toMatchObject({ code: 'SLUICE_MEMBER_FAILED' });
  rmSync(broken);
  await vi.waitFor(() => expect(stateOf(cluster, 'engine')).toBe('up'), WAIT);
});

it('asks a member again that misses what comes while it begins', async () => {
  const script = `process.on('SIGTERM', () => process.on('SIGTERM', () => {
  console.log('asked twice');
  process.exit();
}));${SERVER}`;
  const member = { ...(await server('engine', script)), stopAgainMs: 100 };
  const { cluster, folder } = clusterOf([[member]]);
  await cluster.up();
  await cluster.down();
  expect(cluster.lastWords('engine')).toContain('asked twice');
  expect(readFileSync(join(folder, 'members.json'), 'utf8')).toBe('[[]]');
});

it('leaves nothing running when this process can not wait', async () => {
  const { cluster } = clusterOf([[await server('engine')]]);
  await cluster.up();
  cluster.pause('engine');
  cluster.halt();
  await vi.waitFor(() => expect(pidOf(cluster, 'engine')).toBe(0), WAIT);
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
