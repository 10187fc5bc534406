import { readFileSync } from 'node:fs';
import type { RunningCluster } from '../cluster/running-cluster.ts';

/** Gives back what was taken away; resolves when the server does its work. */
type GiveBack = () => Promise<void>;

export async function killPostgres(cluster: RunningCluster): Promise<GiveBack> {
  await cluster.command('kill', 'postgres');
  return () => cluster.command('heal', 'postgres');
}

/** Stops every process of the server. `pause` stops the one that makes the sessions; these go on, each by itself. */
export async function freezePostgres(cluster: RunningCluster): Promise<GiveBack> {
  const { pid } = await cluster.member('postgres');
  if (pid === undefined) throw new Error('postgres does not run');
  await cluster.command('pause', 'postgres');
  const sessions = childrenOf(pid);
  signal(sessions, 'SIGSTOP');
  return async () => {
    signal(sessions, 'SIGCONT');
    await cluster.command('heal', 'postgres');
  };
}

/** What a stopped process has made: there will be no more. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, name);
}
