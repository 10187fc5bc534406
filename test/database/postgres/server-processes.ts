import { vi } from 'vitest';
import type { MemberProcess } from '../../../src/cluster/member-process.ts';
import { withClient } from './work-load.ts';

const READY_MS = 60_000;

/** Starts a server that was killed. Its former sessions have to notice first that it is gone. */
export function restart(server: MemberProcess): Promise<void> {
  return vi.waitFor(
    async () => {
      await server.start();
      await server.ready(READY_MS);
    },
    { timeout: READY_MS, interval: 200 },
  );
}

/** Stops every process of the server while `work` is done: what is connected stays connected, and hears nothing. */
export async function whileFrozen(
  url: string,
  server: MemberProcess,
  work: () => Promise<void>,
): Promise<void> {
  const pids = await withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
    );
    return [server.pid ?? 0, ...rows.map(({ pid }) => pid)].filter((pid) => pid > 0);
  });
  const signal = (name: NodeJS.Signals): void => pids.forEach((pid) => send(pid, name));
  signal('SIGSTOP');
  try {
    await work();
  } finally {
    signal('SIGCONT');
  }
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
