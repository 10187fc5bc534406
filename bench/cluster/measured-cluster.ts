import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTasks } from '../../src/cli/server/build-tasks.ts';
import { type Command, ControlClient } from '../../src/cluster/control-client.ts';
import type { Member } from '../../src/cluster/member.ts';
import { sharedSecrets } from '../../src/cluster/shared-secrets.ts';
import { type Topology, topologyOf } from '../../src/cluster/topology.ts';
import { cpuUs } from '../process-tree.ts';
import { withFolder } from '../temporary-folder.ts';

/** How the names of the members of a role begin. */
const NAMES = {
  balancer: 'haproxy',
  gateway: 'gateway-',
  queue: 'rabbitmq-',
  worker: 'worker-',
  database: 'postgres',
  cache: 'redis',
} as const;

export type Role = keyof typeof NAMES;

/** Microseconds on a core, of all members of a role; `client` is this process, which makes the load. */
export type RoleTimes = Readonly<Record<Role | 'client', number>>;

const COMMAND_LINE = fileURLToPath(new URL('../../../../bin/sluice.js', import.meta.url));
const TASKS = fileURLToPath(new URL('../tasks/noop.js', import.meta.url));
/** Within the project, where the tasks find the packages that they import. */
const BUILD_FOLDER = fileURLToPath(new URL('../../', import.meta.url));
/** And some twenty more, below those that the system gives to outgoing connections. */
const FIRST_PORT = 27_570;

/** Gives `work` the production topology, which is gone afterwards. */
export function withCluster<T>(work: (cluster: MeasuredCluster) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const tasks = join(folder, 'tasks');
    await buildTasks(TASKS, tasks);
    const args = ['cluster', 'up', tasks, '--data', folder, '--port', String(FIRST_PORT), '--json'];
    const up = spawn(process.execPath, [COMMAND_LINE, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // Ctrl-C is for this process alone: asked to end a second time, the other would leave its members behind.
      detached: true,
    });
    const ended = once(up, 'exit');
    const stop = (): void => {
      if (!up.killed) up.kill('SIGINT');
    };
    // What is being measured fails then, and all is cleared away.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
    // Detached, it would outlive a bench that ends otherwise than it should.
    process.once('exit', stop);
    try {
      // It says where it is once it is ready, and why not before it ends.
      await Promise.race([
        once(up.stdout, 'data'),
        ended.then(() => Promise.reject(new Error('no cluster'))),
      ]);
      const secrets = await sharedSecrets(folder);
      const topology = topologyOf({ folder, tasks, port: FIRST_PORT, secrets, spool: false });
      return await work(new MeasuredCluster(topology, new ControlClient(folder)));
    } finally {
      stop();
      await ended;
    }
  }, BUILD_FOLDER);
}

/** What `sluice cluster up` runs, with a task that does nothing. */
export class MeasuredCluster {
  /** Of the load balancer. */
  readonly port = FIRST_PORT;
  /** What its processes are told: where the engines are, and the secret of the ids. */
  readonly env: Topology['env'];
  readonly #members: readonly Member[];
  readonly #control: ControlClient;

  constructor({ env, tiers }: Topology, control: ControlClient) {
    this.env = env;
    this.#members = tiers.flat();
    this.#control = control;
  }

  members(role: Role): Member[] {
    return this.#members.filter(({ name }) => name.startsWith(NAMES[role]));
  }

  /** Does it to all members of the role. */
  async command(command: Command, role: Role): Promise<void> {
    await Promise.all(this.members(role).map(async ({ name }) => this.#control.command(command, name)));
  }

  /** Until now, since each member was started. */
  async cpuTimes(): Promise<RoleTimes> {
    const running = await this.#control.members();
    const used = (role: Role): number =>
      cpuUs(running.filter(({ name }) => name.startsWith(NAMES[role])).flatMap(({ pid }) => pid ?? []));
    const { user, system } = process.cpuUsage();
    return {
      balancer: used('balancer'),
      gateway: used('gateway'),
      queue: used('queue'),
      worker: used('worker'),
      database: used('database'),
      cache: used('cache'),
      client: user + system,
    };
  }

  /** What `pattern` finds in the metrics of each process of the role; 0 where it finds nothing. */
  samples(role: 'gateway' | 'worker', pattern: RegExp): Promise<number[]> {
    return Promise.all(
      this.members(role).map(async (member) => {
        const response = await fetch(`http://127.0.0.1:${metricsPort(member)}/metrics`);
        return Number(pattern.exec(await response.text())?.[1] ?? 0);
      }),
    );
  }
}

function metricsPort(member: Member): string {
  const { args } = member.launch();
  return args[args.indexOf('--metrics-port') + 1] ?? '';
}
