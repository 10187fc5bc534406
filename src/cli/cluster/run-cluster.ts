import { chmod, mkdir } from 'node:fs/promises';
import { Cluster, type MemberStatus } from '../../cluster/cluster.ts';
import { ControlServer } from '../../cluster/control-server.ts';
import { endLeftovers } from '../../cluster/leftovers.ts';
import { removeRecords } from '../../cluster/member-records.ts';
import { sharedSecrets } from '../../cluster/shared-secrets.ts';
import { type MemberSettings, type Topology, topologyOf } from '../../cluster/topology.ts';
import type { ClusterTasks } from './cluster-tasks.ts';
import { refusePorts } from './refuse-ports.ts';
import { untilWhole } from './until-whole.ts';

export interface ClusterRunOptions {
  readonly folder: string;
  readonly tasks: ClusterTasks;
  /** The first of the ports. */
  readonly port: number;
  /** See TopologyOptions. */
  readonly spool: boolean;
  readonly settings: MemberSettings;
  /** Resolves when the cluster is to end, as it does when it is commanded to. */
  readonly stopping: Promise<void>;
  readonly onChange: (members: readonly MemberStatus[]) => void;
  /** Called with the names of the members that a cluster which was killed had left running here; they have ended. */
  readonly onLeftovers: (names: readonly string[]) => void;
  /** Called when the whole of it works. */
  readonly onReady: (url: string, members: readonly MemberStatus[]) => void;
}

/**
 * Runs a cluster, and lets it be commanded, until somebody asks for its end; no process of it runs afterwards, whether
 * this resolves, rejects, or is cut off by the end of this process, save by `kill -9`.
 * @returns false where the end was asked for before it was ready
 * @throws SluiceError `SLUICE_CLUSTER_RUNNING`, `SLUICE_PORT_IN_USE`, or those of `Cluster.up`
 */
export async function runCluster(options: ClusterRunOptions): Promise<boolean> {
  const { folder, tasks, stopping, onChange } = options;
  await mkdir(folder, { recursive: true });
  // PostgreSQL runs as another account where this one is root, and has to get through to its own folder.
  await chmod(folder, 0o711);
  const secrets = await sharedSecrets(folder);
  const topology = topologyOf({ ...options, tasks: tasks.folder, secrets });
  const cluster = new Cluster({ tiers: topology.tiers, folder, onChange });
  const control = new ControlServer({ cluster, folder, token: secrets.control });
  await control.open();
  const halt = (): void => cluster.halt();
  process.once('exit', halt);
  try {
    return await serve({ topology, cluster, stop: Promise.race([stopping, control.downRequested]) }, options);
  } finally {
    await cluster.down();
    removeRecords(folder);
    await control.close();
    process.off('exit', halt);
  }
}

interface Running {
  readonly topology: Topology;
  readonly cluster: Cluster;
  readonly stop: Promise<void>;
}

/** Starts it, unless it is to end before that is done, and waits for `stop`. */
async function serve({ topology, cluster, stop }: Running, options: ClusterRunOptions): Promise<boolean> {
  const starting = new AbortController();
  const stopped = stop.then(() => starting.abort());
  try {
    await Promise.race([start({ topology, cluster, signal: starting.signal }, options), stopped]);
  } catch (error) {
    // What a Ctrl-C does to a program that makes the files of a member is no failure of the start.
    if (!starting.signal.aborted) throw error;
  }
  if (starting.signal.aborted) return false;
  options.onReady(topology.url, cluster.members);
  await stop;
  return true;
}

interface Starting {
  readonly topology: Topology;
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
}

async function start(
  { topology, cluster, signal }: Starting,
  { folder, tasks, onLeftovers }: ClusterRunOptions,
): Promise<void> {
  const ended = await endLeftovers(folder);
  if (ended.length > 0) onLeftovers(ended);
  await refusePorts(topology.ports);
  await tasks.build();
  await cluster.up();
  await untilWhole({ ...topology, cluster }, signal);
}
