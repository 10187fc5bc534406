import { readTaskId } from '../../core/task-id.ts';
import type { Connection } from '../../sqlite/binding.ts';
import { FOLLOW_UP_LEASE_MS } from '../bounds.ts';
import type { FollowUps } from '../database.ts';

export interface FollowUpOperations {
  followUps(args: { readonly limit: number; readonly now: number }): FollowUps[];
  followUpsPublished(ids: readonly string[]): void;
}

export function followUpOperations(connection: Connection): FollowUpOperations {
  // The first of a task stands for all of them: they are leased and removed together.
  const due = connection.prepare(
    `SELECT number, task.id FROM follow_up JOIN task USING (number)
     WHERE leased_until <= ? AND position = 0 ORDER BY leased_until LIMIT ?`,
  );
  const bodies = connection.prepare('SELECT body FROM follow_up WHERE number = ? ORDER BY position');
  const lease = connection.prepare('UPDATE follow_up SET leased_until = ?2 WHERE number = ?1');
  const remove = connection.prepare(
    'DELETE FROM follow_up WHERE number = (SELECT number FROM task WHERE pk = ?)',
  );
  return {
    followUps: ({ limit, now }) =>
      due.all(now, limit).map(([number, id]) => {
        lease.run(Number(number), now + FOLLOW_UP_LEASE_MS);
        return { id: String(id), bodies: bodies.all(Number(number)).map(([body]) => String(body)) };
      }),
    followUpsPublished(ids) {
      for (const id of ids) remove.run(readTaskId(id)?.pk ?? '');
    },
  };
}
