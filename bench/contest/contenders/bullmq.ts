import type { Contender } from '../contender.ts';
import { redisEngine, versionOfRedis } from '../engines.ts';
import type { Setting } from '../setting.ts';
import { type Mode, peerProcesses } from './peer-processes.ts';

const DURABILITY = {
  everysec: 'in memory; written every second, so a power cut loses up to a second of them',
  always: 'fsync of the append-only file before the 202',
} as const;

/**
 * @param appendfsync of Redis
 * @param modes what its processes are told besides
 */
export function bullmq(
  appendfsync: keyof typeof DURABILITY,
  ...modes: readonly Mode[]
): (setting: Setting) => Promise<Contender> {
  return async (setting) => {
    const { folder, peers } = setting;
    const engine = await setting.start(await redisEngine(folder, appendfsync));
    const versions = [
      ...['bullmq', 'ioredis', 'fastify', 'node'].map((name) => peers.version(name)),
      await versionOfRedis(engine, appendfsync),
    ];
    return {
      name: ['BullMQ', appendfsync, ...modes].join(', '),
      durability: DURABILITY[appendfsync],
      versions: versions.join(', '),
      engines: [engine],
      ...peerProcesses(setting, 'bullmq', [engine.url, ...modes]),
    };
  };
}
