import type { Health } from '../../core/health.ts';
import type { Server } from './server.ts';
import { COMMITS_STALL, STALLED } from './stalled-commits.ts';

interface Settings {
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  readonly synchronousStandbys: string;
  readonly standbys: number;
}

interface Answer extends Settings {
  readonly version: string;
  readonly stalled: boolean;
}

/**
 * What a commit of this session survives.
 * @param failover another host may take over, so that what only one has is not safe
 */
export async function durability(server: Server, failover: boolean): Promise<Health> {
  const answer = await server.ask(
    'settings',
    `SELECT json_build_object(
       'version', current_setting('server_version'),
       'fsync', current_setting('fsync'),
       'fullPageWrites', current_setting('full_page_writes'),
       'synchronousCommit', current_setting('synchronous_commit'),
       'synchronousStandbys', current_setting('synchronous_standby_names'),
       'standbys', (SELECT count(*) FROM pg_stat_replication),
       'stalled', ${COMMITS_STALL})`,
  );
  const { version, stalled, ...settings } = answer as Answer;
  const { durable, text } = promiseOf(settings, failover);
  // Without what a distribution adds to it.
  const [number] = version.split(' ');
  const promise = { durable, durability: `PostgreSQL ${number}, ${text}` };
  return stalled ? { ok: false, reason: STALLED, ...promise } : { ok: true, ...promise };
}

/** One sentence about the settings that decide whether a commit lasts. */
export function promiseOf(settings: Settings, failover: boolean): { durable: boolean; text: string } {
  const { fsync, fullPageWrites, synchronousCommit } = settings;
  if (fsync !== 'on')
    return { durable: false, text: 'fsync is off: a loss of power can destroy the database' };
  if (fullPageWrites !== 'on') {
    return { durable: false, text: 'full_page_writes is off: a loss of power can leave pages half written' };
  }
  if (synchronousCommit === 'off') {
    return {
      durable: false,
      text: 'synchronous_commit is off: a loss of power takes the last commits along',
    };
  }
  return standbysOf(settings, failover);
}

function standbysOf(settings: Settings, failover: boolean): { durable: boolean; text: string } {
  const { synchronousCommit, synchronousStandbys: names, standbys } = settings;
  const local = 'each commit is synced to the disk of the server';
  if (names !== '' && synchronousCommit !== 'local') {
    const how = synchronousCommit === 'remote_write' ? 'written, though not synced, by' : 'synced by';
    return {
      durable: synchronousCommit !== 'remote_write' || !failover,
      text: `${local} and ${how} the standbys that synchronous_standby_names asks for (${names})`,
    };
  }
  if (standbys === 0 && !failover) return { durable: true, text: `${local}, and lasts as long as it` };
  return {
    durable: !failover,
    text: `${local}, and reaches its standbys later: a failover can lose the last commits`,
  };
}
