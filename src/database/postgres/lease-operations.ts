import type { TaskRecord } from '../../core/task-record.ts';
import type { Database, Extension, HeldRun, Lease } from '../database.ts';
import { expiredError, interruptedError } from '../task-errors.ts';
import type { Server } from './server.ts';
import { byKey, type RecordJson, recordOf } from './task-json.ts';

export async function extend(server: Server, runs: readonly HeldRun[], lease: Lease): Promise<Extension> {
  if (runs.length === 0) return { lost: [], cancelRequested: [] };
  const sorted = byKey(runs.toSorted((one, other) => one.run - other.run));
  const held = await server.ask(
    'extend',
    `WITH held AS (
       UPDATE sluice.task t SET
         lease_until = sluice.now_ms($1) + $2,
         progress = coalesce(($6::text[])[width_bucket(t.pk, $4)]::json, t.progress),
         begun = t.begun OR ($7::boolean[])[width_bucket(t.pk, $4)]
       WHERE t.pk = ANY ($4::uuid[]) AND t.run = ($5::integer[])[width_bucket(t.pk, $4)]
         AND t.lease_holder = $3 AND t.state IS NOT DISTINCT FROM 'running'
       RETURNING t.id, t.run, t.cancel_requested
     )
     SELECT coalesce(json_agg(json_build_array(h.id, h.run, h.cancel_requested)), '[]') FROM held h`,
    server.now(),
    lease.durationMs,
    lease.holder,
    sorted.map(({ pk }) => pk),
    sorted.map(({ run }) => run),
    sorted.map(({ progress }) => (progress ? JSON.stringify(progress) : null)),
    sorted.map(({ begun }) => begun === true),
  );
  const cancelled = new Map(
    (held as [string, number, boolean][]).map(([id, run, cancelRequested]) => [
      `${id} ${run}`,
      cancelRequested,
    ]),
  );
  const fate = ({ id, run }: HeldRun): boolean | undefined => cancelled.get(`${id} ${run}`);
  return {
    lost: runs.filter((run) => fate(run) === undefined).map(({ id }) => id),
    cancelRequested: runs.filter((run) => fate(run) === true).map(({ id }) => id),
  };
}

export async function recover(
  server: Server,
  { limit, interruptionLimit, before, all = false }: Parameters<Database['recover']>[0],
): Promise<TaskRecord[]> {
  const records = await server.ask(
    'recover',
    'SELECT sluice.recover($2, $3, $4, $5, $6, least(sluice.now_ms($1), $7))',
    server.now(),
    limit,
    interruptionLimit,
    all,
    JSON.stringify(interruptedError(undefined, all)),
    JSON.stringify(expiredError()),
    before,
  );
  return (records as RecordJson[]).map(recordOf);
}
