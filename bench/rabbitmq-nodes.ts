import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { epmd, rabbitmq, type RabbitmqOptions } from '../src/cluster/engines/rabbitmq.ts';
import { MemberProcess } from '../src/cluster/member-process.ts';
import { freePort } from '../test/engines/free-port.ts';
import { withFolder } from './temporary-folder.ts';

const READY_MS = 120_000;

/** Gives `work` the ports of so many nodes of RabbitMQ, in one cluster that is gone afterwards. */
export function withRabbitmq<T>(nodes: number, work: (ports: readonly number[]) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const options: RabbitmqOptions = {
      folder,
      epmdPort: await freePort(),
      cookie: randomBytes(12).toString('hex'),
      nodes: await Promise.all(
        Array.from({ length: nodes }, async () => ({
          port: await freePort(),
          distributionPort: await freePort(),
        })),
      ),
    };
    const members = [epmd(options), ...options.nodes.map((_node, index) => rabbitmq(options, index))];
    const processes = members.map((member) => new MemberProcess(member, join(folder, `${member.name}.log`)));
    try {
      for (const process of processes) await process.start();
      await Promise.all(processes.map((process) => process.ready(READY_MS)));
      return await work(options.nodes.map(({ port }) => port));
    } finally {
      // The name service last: nodes look each other up in it.
      for (const process of processes.toReversed()) await process.kill();
    }
  });
}
