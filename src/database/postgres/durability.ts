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

/**
 * What follows this server and could take its place, as far as it is known: neither a subscriber of logical changes, nor a
 * program that keeps backups.
 */
const STANDBYS = `(
  SELECT count(*) FROM pg_stat_replication r
  WHERE coalesce(r.application_name, '') !~ '^(pg_basebackup|pg_receivewal|barman)'
    AND NOT EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical'))`;

interface Answer extends Settings {
  readonly version: string;
  readonly stalled: boolean;
}

/**
 * What a commit of this session survives.
 * @param failover whether another server may take over, so that what only one has is not safe; undefined: as soon as there
 *   is one that could
 */
export async function durability(server: Server, failover: boolean | undefined): Promise<Health> {
  const answer = await server.ask(
    'settings',
    `SELECT json_build_object(
       'version', current_setting('server_version'),
       'fsync', current_setting('fsync'),
       'fullPageWrites', current_setting('full_page_writes'),
       'synchronousCommit', current_setting('synchronous_commit'),
       'synchronousStandbys', current_setting('synchronous_standby_names'),
       'standbys', ${STANDBYS},
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
export function promiseOf(
  settings: Settings,
  failover: boolean | undefined,
): { durable: boolean; text: string } {
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

function standbysOf(
  { synchronousCommit, synchronousStandbys: names, standbys }: Settings,
  failover: boolean | undefined,
): { durable: boolean; text: string } {
  const possible = failover ?? standbys > 0;
  const local = 'each commit is synced to the disk of the server';
  if (names !== '' && synchronousCommit !== 'local') {
    const how = synchronousCommit === 'remote_write' ? 'written, though not synced, by' : 'synced by';
    return {
      durable: synchronousCommit !== 'remote_write' || !possible,
      text: `${local} and ${how} the standbys that synchronous_standby_names asks for (${names})`,
    };
  }
  if (!possible) return { durable: true, text: `${local}, and lasts as long as it` };
  const unless = failover === undefined ? '; where none takes over, say failover=no in the URL' : '';
  return {
    durable: false,
    text: `${local}, and reaches its standbys later: a failover can lose the last commits${unless}`,
  };
}
