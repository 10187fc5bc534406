import { BATCH_BYTES } from '../../core/batch-size.ts';
import type { Address } from '../../core/message.ts';
import { MAX_DOUBLINGS, PUBLISH_LEASE_MS, RECONCILE_INTERVAL_MS } from '../bounds.ts';
import type { Due, LostTimes } from '../database.ts';
import type { Server } from './server.ts';
import { byKey } from './task-json.ts';

export async function due(server: Server, limit: number): Promise<Due> {
  const found = await server.ask(
    'due',
    `WITH clock AS MATERIALIZED (SELECT sluice.now_ms($1) AS now),
     picked AS (
       SELECT t.pk, greatest(t.due_at, t.publishing_until) AS due_at FROM sluice.task t
       WHERE t.state = 'scheduled' AND greatest(t.due_at, t.publishing_until) <= (SELECT now FROM clock)
       ORDER BY greatest(t.due_at, t.publishing_until) LIMIT $2 FOR UPDATE SKIP LOCKED
     ), sized AS (
       SELECT p.pk, row_number() OVER oldest_first AS place, sum(b.bytes) OVER oldest_first AS bytes
       FROM picked p LEFT JOIN LATERAL (
         SELECT octet_length(b.body) AS bytes FROM sluice.task_body b WHERE b.pk = p.pk OFFSET 0) AS b ON true
       WINDOW oldest_first AS (ORDER BY p.due_at, p.pk ROWS UNBOUNDED PRECEDING)
     ), fitting AS (
       SELECT s.pk FROM sized s WHERE s.place = 1 OR s.bytes <= $4
     ), leased AS (
       UPDATE sluice.task t SET publishing_until = (SELECT now FROM clock) + $3
       WHERE t.pk = ANY (ARRAY(SELECT pk FROM fitting))
       RETURNING t.pk, t.id, t.version, t.run, t.due_at
     )
     SELECT json_build_object(
       'now', (SELECT now FROM clock),
       'more', (SELECT count(*) FROM picked) = $2 OR (SELECT count(*) FROM picked) > (SELECT count(*) FROM fitting),
       'tasks', coalesce(json_agg(
         json_build_object('id', l.id, 'version', l.version, 'run', l.run + 1, 'body', b.body) ORDER BY l.due_at), '[]'))
     FROM leased l LEFT JOIN LATERAL (
       SELECT b.body FROM sluice.task_body b WHERE b.pk = l.pk OFFSET 0) AS b ON true`,
    server.now(),
    limit,
    PUBLISH_LEASE_MS,
    BATCH_BYTES,
  );
  return found as Due;
}

export async function published(
  server: Server,
  tasks: readonly { readonly id: string; readonly version: number }[],
): Promise<void> {
  if (tasks.length === 0) return;
  const sorted = byKey(tasks.toSorted((one, other) => one.version - other.version));
  await server.ask(
    'published',
    `UPDATE sluice.task t SET
       state = 'queued', version = t.version + 1, changed_at = sluice.now_ms($1), due_at = NULL,
       publishing_until = NULL
     WHERE t.pk = ANY ($2::uuid[]) AND t.version = ($3::integer[])[width_bucket(t.pk, $2)]
       AND t.state IS NOT DISTINCT FROM 'scheduled'`,
    server.now(),
    sorted.map(({ pk }) => pk),
    sorted.map(({ version }) => version),
  );
}

export async function reconcile(
  server: Server,
  address: Address,
  { before, after, limit }: LostTimes,
): Promise<number> {
  const count = await server.ask(
    'reconcile',
    `WITH clock AS MATERIALIZED (SELECT sluice.now_ms($1) AS now),
     old AS (
       SELECT t.pk FROM sluice.task t
       WHERE t.state = 'queued' AND t.queue = $2 AND t.priority = $3 AND t.lane = $4 AND t.changed_at < $5
         AND (t.reconcile_at IS NULL OR t.reconcile_at <= (SELECT now FROM clock))
       ORDER BY t.changed_at LIMIT $6 FOR UPDATE SKIP LOCKED
     ), ahead AS (
       -- When they were reconciled before says nothing: it is of the same clock.
       SELECT t.pk FROM sluice.task t
       WHERE t.state = 'queued' AND t.queue = $2 AND t.priority = $3 AND t.lane = $4 AND t.changed_at > $9
       ORDER BY t.changed_at LIMIT $6 - (SELECT count(*) FROM old) FOR UPDATE SKIP LOCKED
     ), lost AS (
       UPDATE sluice.task t SET
         state = 'scheduled', version = t.version + 1, reconciled = t.reconciled + 1,
         (changed_at, due_at, reconcile_at) = (
           SELECT now, now, now + $7::bigint * (1 << least(t.reconciled, $8)) FROM clock)
       WHERE t.pk = ANY (ARRAY(SELECT pk FROM old UNION SELECT pk FROM ahead))
       RETURNING 1
     )
     SELECT count(*)::integer FROM lost`,
    server.now(),
    address.queue,
    address.priority,
    address.lane,
    before,
    limit,
    RECONCILE_INTERVAL_MS,
    MAX_DOUBLINGS,
    after,
  );
  return Number(count);
}
