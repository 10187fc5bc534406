import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster, type MemberStatus } from '../../cluster/cluster.ts';
import { CONTROL_FILE, ControlClient } from '../../cluster/control-client.ts';
import { ControlServer } from '../../cluster/control-server.ts';
import { sharedSecrets } from '../../cluster/shared-secrets.ts';
import { topologyOf } from '../../cluster/topology.ts';
import { SluiceError } from '../../core/errors.ts';

export interface ClusterRunOptions {
  readonly folder: string;
  /** What `sluice build` wrote. */
  readonly tasks: string;
  /** The first of the ports. */
  readonly port: number;
  /** See TopologyOptions. */
  readonly spool: boolean;
  readonly onChange: (members: readonly MemberStatus[]) => void;
}

export interface ClusterRun {
  readonly url: string;
  readonly cluster: Cluster;
  /** Resolves when somebody asked for the end. */
  readonly downRequested: Promise<void>;
  close(): Promise<void>;
}

const READY_MS = 60_000;

/**
 * Brings a cluster up and lets it be commanded; resolves when a request through the load balancer finds every engine.
 * @throws SluiceError `SLUICE_CLUSTER_RUNNING`, `SLUICE_PORT_IN_USE`, or those of `Cluster.up`; nothing is left running
 */
export async function runCluster({
  folder,
  tasks,
  port,
  spool,
  onChange,
}: ClusterRunOptions): Promise<ClusterRun> {
  await refuseRunning(folder);
  await mkdir(folder, { recursive: true });
  // PostgreSQL runs as another account where this one is root, and has to get through to its own folder.
  await chmod(folder, 0o711);
  const secrets = await sharedSecrets(folder);
  const topology = topologyOf({ folder, tasks, port, secrets, spool });
  for (const each of topology.ports) await refuseTaken(each);
  const logFolder = join(folder, 'log');
  await mkdir(logFolder, { recursive: true });
  const cluster = new Cluster({ tiers: topology.tiers, logFolder, onChange });
  let onDown: () => void = () => undefined;
  const downRequested = new Promise<void>((resolve) => {
    onDown = resolve;
  });
  const control = new ControlServer({ cluster, token: secrets.control, onDown });
  const close = async (): Promise<void> => {
    await cluster.down();
    await rm(join(folder, CONTROL_FILE), { force: true });
    await control.close();
  };
  try {
    const address = { port: await control.listen(), pid: process.pid };
    await writeFile(join(folder, CONTROL_FILE), JSON.stringify(address), { mode: 0o600 });
    await cluster.up();
    await untilWhole(topology.url);
  } catch (error) {
    await close();
    throw error;
  }
  return { url: topology.url, cluster, downRequested, close };
}

async function refuseRunning(folder: string): Promise<void> {
  const runs = await new ControlClient(folder).members().then(
    () => true,
    () => false,
  );
  if (runs) throw new SluiceError('SLUICE_CLUSTER_RUNNING', { folder });
}

function refuseTaken(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) =>
      reject(new SluiceError('SLUICE_PORT_IN_USE', { host: '127.0.0.1', port, option: '--port' }, { cause })),
    );
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
  });
}

/** Each gateway says of itself whether it reaches its engines; the balancer asks one after the other. */
async function untilWhole(url: string): Promise<void> {
  const until = performance.now() + READY_MS;
  for (;;) {
    const reason = await whatIsMissing(url);
    if (reason === undefined) return;
    if (performance.now() > until) {
      throw new SluiceError('SLUICE_MEMBER_FAILED', { name: 'The whole', reason, log: `see ${url}/readyz` });
    }
    await pause(200);
  }
}

async function whatIsMissing(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) });
    const { queue, database, cache } = (await response.json()) as Record<
      string,
      { ok?: boolean; reason?: string }
    >;
    const unwell = [queue, database, cache].find((engine) => engine?.ok !== true);
    return unwell && (unwell.reason ?? 'an engine does not answer');
  } catch (error) {
    return String(error);
  }
}
