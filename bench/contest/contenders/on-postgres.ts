import type { Contender } from '../contender.ts';
import { postgresEngine, versionOfPostgres } from '../engines.ts';
import type { Setting } from '../setting.ts';
import { type Mode, peerProcesses } from './peer-processes.ts';

/**
 * A peer that keeps its jobs in PostgreSQL.
 * @param library its name, and that of its folder in `bench/peers`
 * @param modes what its processes are told, where it can be run in several ways
 */
export function onPostgres(
  library: string,
  ...modes: readonly Mode[]
): (setting: Setting) => Promise<Contender> {
  return async (setting) => {
    const { folder, peers } = setting;
    const engine = await setting.start(await postgresEngine(folder));
    const versions = [
      ...[library, 'pg', 'fastify', 'node'].map((name) => peers.version(name)),
      await versionOfPostgres(engine),
    ];
    return {
      name: [library, ...modes].join(', '),
      durability: 'fsync of the write-ahead log before the 202 (synchronous_commit = on)',
      versions: versions.join(', '),
      engines: [engine],
      ...peerProcesses(setting, library, [engine.url, ...modes]),
    };
  };
}
