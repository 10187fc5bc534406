import { messageOf, SluiceError } from '../../core/errors.ts';
import type { DatabaseReport } from '../../engines.ts';
import { type Finding, fail, ok, warn } from './check.ts';
import { correctIt, type EngineSetting, startIt } from './engine.ts';

const DURABLE =
  'set fsync, full_page_writes and synchronous_commit to on; where a standby may take over, synchronous_standby_names too';
const STALLED = 'start that standby, or take it out of synchronous_standby_names';

/**
 * Whether the database answers, what a commit of it survives, and whether its tables fit this release.
 * @param required less than durable is a failure
 */
export async function checkDatabase(
  { url, from }: EngineSetting,
  required: boolean,
): Promise<readonly Finding[]> {
  const { examineDatabase } = await import('../../engines.ts');
  try {
    const report = await examineDatabase(url);
    return [serverFinding(report, required), tablesFinding(report)];
  } catch (thrown) {
    const reason = SluiceError.is(thrown) ? thrown.data['reason'] : undefined;
    const away = SluiceError.is(thrown, 'SLUICE_ENGINE_UNREACHABLE');
    const fix = away ? startIt('PostgreSQL', from) : correctIt(from);
    return [fail('database', typeof reason === 'string' ? reason : messageOf(thrown), fix)];
  }
}

function serverFinding({ health, supported }: DatabaseReport, required: boolean): Finding {
  const { durability, durable, ok: well, reason } = health;
  if (!supported) return fail('database', durability, 'use PostgreSQL 13 or later');
  if (!well) return fail('database', `${durability}; ${reason}`, STALLED);
  if (durable) return ok('database', durability);
  return (required ? fail : warn)('database', durability, DURABLE);
}

function tablesFinding({ schema, version, newest, mayMigrate }: DatabaseReport): Finding {
  const at =
    version === 0 ? `there is no schema "${schema}" yet` : `schema "${schema}" is at version ${version}`;
  if (version === newest) return ok('tables', `${at}, that of this release`);
  if (version > newest) {
    return warn(
      'tables',
      `${at}, newer than ${newest}, that of this release`,
      'use the newest release here too',
    );
  }
  if (!mayMigrate) {
    const reason = `${at}, and this user may not bring it to ${newest}, that of this release`;
    return fail('tables', reason, 'run "sluice migrate" with the URL of a user who may');
  }
  if (version === 0) return ok('tables', `${at}; the first process makes it`);
  const reason = `${at}, and the first process of this release brings it to ${newest}`;
  return warn('tables', reason, 'run "sluice migrate" before, where the tables are large');
}
