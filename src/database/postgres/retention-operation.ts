import type { Retention, Swept } from '../database.ts';
import type { Server } from './server.ts';

const CLOCK = 'clock AS MATERIALIZED (SELECT sluice.now_ms($1) - $2 AS past)';

const REMOVE_BODIES = `
  WITH ${CLOCK}, old AS (
    SELECT t.pk FROM sluice.task t WHERE t.has_body AND t.finished_at < (SELECT past FROM clock)
    ORDER BY t.finished_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ), bodies AS (DELETE FROM sluice.task_body WHERE pk = ANY (ARRAY(SELECT pk FROM old))),
  results AS (DELETE FROM sluice.task_result WHERE pk = ANY (ARRAY(SELECT pk FROM old))),
  noted AS (UPDATE sluice.task SET has_body = false WHERE pk = ANY (ARRAY(SELECT pk FROM old)))
  SELECT count(*)::integer FROM old`;

/** Tasks whose follow-ups are not published yet are passed over. */
const REMOVE_ROWS = `
  WITH ${CLOCK}, old AS (
    SELECT t.pk, t.identity, t.state, t.finished_at FROM sluice.task t
    WHERE t.finished_at < (SELECT past FROM clock)
      AND NOT EXISTS (SELECT FROM sluice.follow_up f WHERE f.pk = t.pk OFFSET 0)
    ORDER BY t.finished_at LIMIT $3 FOR UPDATE OF t SKIP LOCKED
  ), bodies AS (DELETE FROM sluice.task_body WHERE pk = ANY (ARRAY(SELECT pk FROM old))),
  results AS (DELETE FROM sluice.task_result WHERE pk = ANY (ARRAY(SELECT pk FROM old))),
  graves AS (
    INSERT INTO sluice.tombstone (identity, state, ended_at) SELECT o.identity, o.state, o.finished_at FROM old o
    ON CONFLICT (identity) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at
  ), gone AS (DELETE FROM sluice.task WHERE pk = ANY (ARRAY(SELECT pk FROM old)))
  SELECT count(*)::integer FROM old`;

const REMOVE_TOMBSTONES = `
  WITH ${CLOCK}, old AS (
    SELECT d.identity FROM sluice.tombstone d WHERE d.ended_at < (SELECT past FROM clock)
    ORDER BY d.ended_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ), gone AS (DELETE FROM sluice.tombstone WHERE identity = ANY (ARRAY(SELECT identity FROM old)))
  SELECT count(*)::integer FROM old`;

/** No call is under way for so long. */
const REVOCATION_MS = 86_400_000;

const REMOVE_REVOCATIONS = `
  DELETE FROM sluice.revoked_call WHERE revoked_at < sluice.now_ms($1) - ${REVOCATION_MS}`;

export async function sweep(server: Server, retention: Retention, limit: number): Promise<Swept> {
  const remove = async (name: string, sql: string, age: number): Promise<number> =>
    Number(await server.ask(name, sql, server.now(), age, limit));
  const swept = {
    bodies: await remove('remove-bodies', REMOVE_BODIES, retention.bodiesMs),
    rows: await remove('remove-rows', REMOVE_ROWS, retention.rowsMs),
    tombstones: await remove('remove-tombstones', REMOVE_TOMBSTONES, retention.horizonMs),
  };
  await server.ask('remove-revocations', REMOVE_REVOCATIONS, server.now());
  return swept;
}
