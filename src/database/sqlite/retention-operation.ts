import type { Connection } from '../../sqlite/binding.ts';
import type { Retention, Swept } from '../database.ts';

export interface SweepArguments {
  readonly retention: Retention;
  readonly limit: number;
  readonly now: number;
}

/** Tasks whose follow-ups are not published yet are passed over. */
const NO_FOLLOW_UPS = 'NOT EXISTS (SELECT 1 FROM follow_up WHERE follow_up.number = task.number)';

export function sweepOperation(connection: Connection): (args: SweepArguments) => Swept {
  const withBody = connection.prepare(
    `SELECT number FROM task WHERE finished_at IS NOT NULL AND has_body = 1 AND finished_at < ? LIMIT ?`,
  );
  const ended = connection.prepare(
    `SELECT number FROM task WHERE finished_at IS NOT NULL AND finished_at < ? AND ${NO_FOLLOW_UPS}
     ORDER BY finished_at LIMIT ?`,
  );
  const oldTombstones = connection.prepare('SELECT identity FROM tombstone WHERE ended_at < ? LIMIT ?');
  const removeBody = connection.prepare('DELETE FROM task_body WHERE number = ?');
  const removeResult = connection.prepare('DELETE FROM task_result WHERE number = ?');
  const noteNoBody = connection.prepare('UPDATE task SET has_body = 0 WHERE number = ?');
  const leaveTombstone = connection.prepare(
    `INSERT OR REPLACE INTO tombstone (identity, state, ended_at)
     SELECT identity, state, finished_at FROM task WHERE number = ?`,
  );
  const removeRow = connection.prepare('DELETE FROM task WHERE number = ?');
  const removeTombstone = connection.prepare('DELETE FROM tombstone WHERE identity = ?');

  return ({ retention, limit, now }) => {
    const bodies = withBody.all(now - retention.bodiesMs, limit);
    for (const [number] of bodies) {
      removeBody.run(Number(number));
      removeResult.run(Number(number));
      noteNoBody.run(Number(number));
    }
    const rows = ended.all(now - retention.rowsMs, limit);
    for (const [number] of rows) {
      leaveTombstone.run(Number(number));
      removeBody.run(Number(number));
      removeResult.run(Number(number));
      removeRow.run(Number(number));
    }
    const tombstones = oldTombstones.all(now - retention.horizonMs, limit);
    for (const [identity] of tombstones) removeTombstone.run(String(identity));
    return { bodies: bodies.length, rows: rows.length, tombstones: tombstones.length };
  };
}
