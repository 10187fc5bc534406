import { mkdir, writeFile, chmod } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { locate } from '../binary.ts';
import type { Member } from '../member.ts';
import { probeTcp } from './tcp-probe.ts';

export interface RabbitmqNode {
  readonly port: number;
  /** For the other nodes. */
  readonly distributionPort: number;
}

export interface RabbitmqOptions {
  readonly folder: string;
  /** All nodes find one another here. */
  readonly epmdPort: number;
  readonly nodes: readonly RabbitmqNode[];
  /** What the nodes prove to one another that they belong together. */
  readonly cookie: string;
}

/** How often a node asks itself whether another is frozen. With the default of a second, a new leader takes up to 9 s. */
const FAILURE_POLL_MS = 200;
const STOP_AGAIN_MS = 1000;

/** Erlang's name service, as a process of its own: a node would start one that outlives it. */
export function epmd({ epmdPort }: RabbitmqOptions): Member {
  return {
    name: 'epmd',
    port: epmdPort,
    stopSignal: 'SIGTERM',
    prepare: () => Promise.resolve(),
    launch: () => ({
      command: locate({ name: 'epmd', debianPackage: 'rabbitmq-server' }),
      args: ['-address', '127.0.0.1', '-port', String(epmdPort), '-relaxed_command_check'],
    }),
    probe: () => probeTcp(epmdPort),
  };
}

/** One node of RabbitMQ; with the others of `options.nodes` it forms a cluster at its first start. */
export function rabbitmq(options: RabbitmqOptions, index: number): Member {
  const { folder, epmdPort, nodes, cookie } = options;
  const { port = 0, distributionPort = 0 } = nodes[index] ?? {};
  const home = join(folder, nodeName(index));
  return {
    name: nodes.length === 1 ? 'rabbitmq' : nodeName(index),
    port,
    stopSignal: 'SIGTERM',
    // Erlang drops what comes in the second before it listens.
    stopAgainMs: STOP_AGAIN_MS,
    async prepare() {
      await mkdir(home, { recursive: true });
      const cookieFile = join(home, '.erlang.cookie');
      if (!existsSync(cookieFile)) await writeFile(cookieFile, cookie);
      await chmod(cookieFile, 0o400);
      await writeFile(join(home, 'rabbitmq.conf'), configuration(nodes, port));
      await writeFile(join(home, 'enabled_plugins'), '[].\n');
    },
    launch: () => ({
      command: locate({
        name: 'rabbitmq-server',
        debianPackage: 'rabbitmq-server',
        // Debian's own wrapper insists on the account of the system's service.
        folders: ['/usr/lib/rabbitmq/bin'],
      }),
      args: [],
      env: {
        HOME: home,
        RABBITMQ_NODENAME: `${nodeName(index)}@localhost`,
        RABBITMQ_DIST_PORT: String(distributionPort),
        ERL_EPMD_PORT: String(epmdPort),
        ERL_EPMD_ADDRESS: '127.0.0.1',
        RABBITMQ_MNESIA_BASE: join(home, 'data'),
        RABBITMQ_LOG_BASE: join(home, 'log'),
        RABBITMQ_LOGS: '-',
        RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
        RABBITMQ_CONF_ENV_FILE: join(home, 'rabbitmq-env.conf'),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-start_epmd false +S 1:1 +sbwt none -aten poll_interval ${FAILURE_POLL_MS} -kernel inet_dist_use_interface {127,0,0,1}`,
        // The node itself is then the process that is started, not a shell above it.
        RUNNING_UNDER_SYSTEMD: 'true',
      },
    }),
    probe: () => probeTcp(port),
  };
}

function nodeName(index: number): string {
  return `rabbitmq-${index + 1}`;
}

/** @see https://www.rabbitmq.com/docs/configure */
function configuration(nodes: readonly RabbitmqNode[], port: number): string {
  const peers = nodes.map(
    (_node, at) => `cluster_formation.classic_config.nodes.${at + 1} = ${nodeName(at)}@localhost`,
  );
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'cluster_formation.peer_discovery_backend = classic_config',
    ...peers,
    'cluster_partition_handling = pause_minority',
    'heartbeat = 5',
    'log.console = true',
    'log.console.level = warning',
    '',
  ].join('\n');
}
