import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { locate } from '../../src/cluster/binary.ts';
import type { Engine } from './engine.ts';

/** Runs rabbitmqctl against a node of the engine, and returns what it prints. Nodes are counted from 0. */
export async function rabbitmqctl(engine: Engine, node: number, ...args: string[]): Promise<string> {
  const { env = {} } = engine.processes[node + 1]?.member.launch() ?? {};
  const command = locate({
    name: 'rabbitmqctl',
    debianPackage: 'rabbitmq-server',
    folders: ['/usr/lib/rabbitmq/bin'],
  });
  const { stdout } = await promisify(execFile)(command, ['--quiet', ...args], {
    env: { ...process.env, ...env },
  });
  return stdout;
}
