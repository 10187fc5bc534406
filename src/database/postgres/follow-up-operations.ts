import { FOLLOW_UP_LEASE_MS } from '../bounds.ts';
import type { FollowUps } from '../database.ts';
import type { Server } from './server.ts';
import { byKey } from './task-json.ts';

export async function followUps(server: Server, limit: number): Promise<FollowUps[]> {
  const left = await server.ask(
    'follow-ups',
    `WITH clock AS MATERIALIZED (SELECT sluice.now_ms($1) AS now),
     picked AS (
       SELECT f.pk FROM sluice.follow_up f
       WHERE f.leased_until <= (SELECT now FROM clock)
       ORDER BY f.leased_until LIMIT $2 FOR UPDATE SKIP LOCKED
     ), leased AS (
       UPDATE sluice.follow_up f SET leased_until = (SELECT now FROM clock) + $3
       WHERE f.pk = ANY (ARRAY(SELECT pk FROM picked))
       RETURNING f.pk, f.bodies, f.settled_at
     )
     SELECT coalesce(json_agg(json_build_object('id', t.id, 'bodies', l.bodies) ORDER BY l.settled_at), '[]')
     FROM leased l CROSS JOIN LATERAL (SELECT t.id FROM sluice.task t WHERE t.pk = l.pk OFFSET 0) AS t`,
    server.now(),
    limit,
    FOLLOW_UP_LEASE_MS,
  );
  return left as FollowUps[];
}

export async function followUpsPublished(server: Server, ids: readonly string[]): Promise<void> {
  const pks = byKey(ids.map((id) => ({ id }))).map(({ pk }) => pk);
  if (pks.length === 0) return;
  await server.ask('follow-ups-published', 'DELETE FROM sluice.follow_up WHERE pk = ANY ($1::uuid[])', pks);
}
