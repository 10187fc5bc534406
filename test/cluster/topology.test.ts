import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { buildTasks } from '../../src/cli/server/build-tasks.ts';
import type { Member } from '../../src/cluster/member.ts';
import { MemberProcess, STOP_MS } from '../../src/cluster/member-process.ts';
import { MEMBER_GRACE_MS, type Topology, topologyOf } from '../../src/cluster/topology.ts';
import { echoProject } from '../cli/echo-project.ts';
import { freePort } from '../engines/free-port.ts';

const SECRETS = { password: 'p', cookie: 'c', secret: 's'.repeat(32), control: 'k' };
const READY_MS = 60_000;

/** Of a gateway, before it is closed to new requests. */
const SHUTDOWN_DELAY_MS = 2000;
/** What a gateway with a spool may take to give up a node of the queue that is frozen. */
const FROZEN_NODE_MS = 12_000;

/** What would take a gateway elsewhere, or keep it from starting. */
const ELSEWHERE = {
  host: '0.0.0.0',
  port: 1,
  metricsPort: 1,
  queueUrl: 'amqp://production.invalid',
  databaseUrl: 'postgres://production.invalid/sluice',
  cacheUrl: 'redis://production.invalid',
  signalsUrl: 'redis://production.invalid',
  spool: 'one-for-all',
  keys: 'no-such-file',
  data: 'one-for-all',
  requireDurable: true,
};
const VARIABLES = {
  SLUICE_HOST: '0.0.0.0',
  SLUICE_SPOOL: 'one-for-all',
  SLUICE_SIGNALS_URL: 'redis://production.invalid',
  SLUICE_KEYS_FILE: 'no-such-file',
  SLUICE_REQUIRE_DURABLE: 'true',
};

it('has the workers stand back, so that work waits rather than what is to be accepted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-topology-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { tiers } = await topologyIn(folder);
  const ours = tiers.flat().filter(({ name }) => /^(gateway|worker)-/.test(name));
  const modest = ours.filter((member) => (member.launch().niceness ?? 0) > 0);
  expect(modest.map(({ name }) => name)).toEqual(['worker-1', 'worker-2']);
});

async function topologyIn(folder: string): Promise<Topology> {
  const tasks = join(folder, 'tasks');
  await buildTasks(join(echoProject(), 'tasks'), tasks);
  // Nobody listens on the ports behind it that are the engines'.
  return topologyOf({ folder, tasks, port: await freePort(), secrets: SECRETS, spool: false });
}

/** In a folder whose configuration, and with an environment that, means another installation. */
function amongOthers(): string {
  const config = `export default ${JSON.stringify(ELSEWHERE)};`;
  const project = echoProject({ 'sluice.config.ts': config });
  const before = process.cwd();
  process.chdir(project);
  for (const [name, value] of Object.entries(VARIABLES)) vi.stubEnv(name, value);
  onTestFinished(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
  });
  return project;
}

async function start(member: Member, folder: string): Promise<void> {
  const process = new MemberProcess(member, join(folder, 'log'));
  onTestFinished(() => process.kill());
  await process.start();
  await process.ready(READY_MS);
}

it('starts gateways and workers that nothing but the cluster configures', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-topology-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const topology = await topologyIn(folder);
  const project = amongOthers();
  const [gateway] = topology.gateways;
  if (!gateway) throw new Error('there is no gateway');
  await start(gateway, folder);
  const report = (await (await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).json()) as Record<
    string,
    { reason?: string }
  >;
  expect(JSON.stringify(report)).not.toContain('production');
  expect(existsSync(join(project, 'one-for-all'))).toBe(false);
});

it('says where the signals are, which a configuration may have elsewhere', () => {
  const { env } = topologyOf({ folder: '/f', tasks: '/t', port: 7070, secrets: SECRETS, spool: false });
  expect(env['SLUICE_SIGNALS_URL']).toBe(env['SLUICE_CACHE_URL']);
});

it('gives each gateway a spool of its own, and workers none', () => {
  const { gateways, workers } = topologyOf({
    folder: '/f',
    tasks: '/t',
    port: 7070,
    secrets: SECRETS,
    spool: true,
  });
  const spoolOf = (member: Member): string | undefined => {
    const { args } = member.launch();
    return args.includes('--spool') ? args[args.indexOf('--spool') + 1] : undefined;
  };
  expect(gateways.map(spoolOf)).toEqual(['/f/gateway-1/spool', '/f/gateway-2/spool']);
  expect(workers.map(spoolOf)).toEqual([undefined, undefined]);
});

it('kills no member within its grace', () => {
  expect(STOP_MS).toBeGreaterThan(SHUTDOWN_DELAY_MS + MEMBER_GRACE_MS + FROZEN_NODE_MS);
});
