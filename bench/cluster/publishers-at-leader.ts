import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { locate } from '../../src/cluster/binary.ts';
import type { Member } from '../../src/cluster/member.ts';
import type { Figures } from '../main.ts';
import type { MeasuredCluster } from './measured-cluster.ts';

/** What the driver calls the connections that it publishes over. */
const PUBLISHER = '"sluice publisher"';

/** How many connections there are that the members publish over, and how many of them go to the node that leads `queue`. */
export async function publishersAtLeader(cluster: MeasuredCluster, queue: string): Promise<Figures> {
  const nodes = cluster.members('queue');
  const queues = await rabbitmqctl(nodes[0], 'list_queues', 'name', 'leader');
  const leader = nodes.find(({ name }) => queues.some((line) => line.startsWith(`${queue}\t${name}@`)));
  if (!leader) throw new Error(`${queue} has no leader:\n${queues.join('\n')}`);
  // The port is that of the node.
  const connections = await rabbitmqctl(nodes[0], 'list_connections', 'port', 'client_properties');
  const publishers = connections.filter((line) => line.includes(PUBLISHER));
  return {
    publishers: publishers.length,
    publishersAtLeader: publishers.filter((line) => line.startsWith(`${leader.port}\t`)).length,
  };
}

/** The lines that it prints. */
async function rabbitmqctl(node: Member | undefined, ...args: string[]): Promise<string[]> {
  const command = locate({
    name: 'rabbitmqctl',
    debianPackage: 'rabbitmq-server',
    folders: ['/usr/lib/rabbitmq/bin'],
  });
  const { stdout } = await promisify(execFile)(command, ['--quiet', ...args, '--no-table-headers'], {
    env: { ...process.env, ...node?.launch().env },
  });
  return stdout.split('\n');
}
