import type { Launch } from '../server-process.ts';
import type { Contender } from '../contender.ts';
import type { Setting } from '../setting.ts';

/** See `bench/peers/command-line.ts`. */
export type Mode = 'batched' | 'notify' | 'polling';

/** The web server and the worker of a folder in `bench/peers`, as processes of their own. */
export function peerProcesses(
  { folder, peers }: Setting,
  name: string,
  args: readonly string[],
): Pick<Contender, 'processes' | 'accepting' | 'working'> {
  const launch = (role: 'web' | 'worker'): Launch => ({
    name: role,
    command: [peers.node, peers.path(`${name}/${role}.ts`), ...args],
    folder,
  });
  return {
    processes: 'web, worker',
    accepting: [launch('web')],
    working: [launch('web'), launch('worker')],
  };
}
