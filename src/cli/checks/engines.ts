import { type Finding, fail, ok } from './check.ts';
import { checkDatabase } from './database.ts';
import { checkDataFolder } from './data-folder.ts';
import type { EngineSetting } from './engine.ts';
import { checkQueue } from './queue.ts';
import { checkRedis } from './redis.ts';

export interface EngineSettings {
  readonly queue: EngineSetting | undefined;
  readonly database: EngineSetting | undefined;
  readonly cache: EngineSetting | undefined;
  readonly signals: EngineSetting | undefined;
  /** Of the embedded queue and database. */
  readonly data: string | undefined;
  readonly spool: string | undefined;
  readonly hasSecret: boolean;
  readonly requireDurable: boolean;
}

const BOTH = 'give both SLUICE_QUEUE_URL and SLUICE_DATABASE_URL, or neither';
const SECRET = 'give every process the same SLUICE_SECRET, such as what "openssl rand -base64 33" prints';

/** Whether what a process of this configuration works with is there, and what it promises. */
export async function checkEngines(settings: EngineSettings): Promise<readonly Finding[]> {
  const { queue, database, cache, requireDurable } = settings;
  const signals = settings.signals ?? cache;
  const found = await Promise.all([
    queue && checkQueue(queue),
    database && checkDatabase(database, requireDurable),
    cache && checkRedis('cache', cache),
    signals && checkRedis('signals', signals),
  ]);
  return [
    ...found.flatMap((findings) => findings ?? []),
    ...together(settings),
    ...(await folders(settings)),
  ];
}

/** What the URLs ask for of one another, and of the rest. */
function together({ queue, database, hasSecret, spool }: EngineSettings): Finding[] {
  if (queue && database) {
    const secret = 'every process has to have the same one, and here is none';
    return [hasSecret ? ok('secret', 'given') : fail('secret', secret, SECRET)];
  }
  if (queue || database) {
    return [fail('engines', `the URL of the ${queue ? 'queue' : 'database'} is given alone`, BOTH)];
  }
  if (spool === undefined) return [];
  return [fail('spool', 'the queue is embedded, on this disk already', 'leave it out')];
}

async function folders({ queue, database, data, spool }: EngineSettings): Promise<readonly Finding[]> {
  if (!queue && !database) return data === undefined ? [] : checkDataFolder(data);
  return spool === undefined ? [] : checkDataFolder(spool, { name: 'spool', flag: '--spool' });
}
