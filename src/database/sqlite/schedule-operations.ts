import { BATCH_BYTES } from '../../core/batch-size.ts';
import type { Address } from '../../core/message.ts';
import { readTaskId } from '../../core/task-id.ts';
import type { Connection } from '../../sqlite/binding.ts';
import { MAX_DOUBLINGS, PUBLISH_LEASE_MS, RECONCILE_INTERVAL_MS } from '../bounds.ts';
import type { Due, DueTask, LostTimes } from '../database.ts';
import { type TaskTable, move } from './task-table.ts';

export interface ScheduleOperations {
  due(args: { readonly limit: number; readonly now: number }): Due;
  published(args: {
    readonly tasks: readonly { readonly id: string; readonly version: number }[];
    readonly now: number;
  }): void;
  reconcile(args: { readonly address: Address; readonly lost: LostTimes; readonly now: number }): number;
}

export function scheduleOperations(connection: Connection, tasks: TaskTable): ScheduleOperations {
  const due = tasks.select(
    `WHERE state = 'scheduled' AND due_at <= ?1 AND coalesce(publishing_until, 0) <= ?1 ORDER BY due_at LIMIT ?2`,
  );
  const old = tasks.select(
    `WHERE state = 'queued' AND queue = ? AND priority = ? AND lane = ? AND changed_at < ?
       AND coalesce(reconcile_at, 0) <= ? ORDER BY changed_at LIMIT ?`,
  );
  // When they were reconciled before says nothing: it is of the same clock.
  const ahead = tasks.select(
    `WHERE state = 'queued' AND queue = ? AND priority = ? AND lane = ? AND changed_at > ?
       ORDER BY changed_at LIMIT ?`,
  );
  const body = connection.prepare('SELECT body FROM task_body WHERE number = ?');

  return {
    due: ({ limit, now }) => {
      const rows = due(now, limit);
      const leased: DueTask[] = [];
      let bytes = 0;
      for (const row of rows) {
        const text = String(body.get(row.number)?.[0] ?? '');
        bytes += text.length;
        if (leased.length > 0 && bytes > BATCH_BYTES) break;
        row.publishingUntil = now + PUBLISH_LEASE_MS;
        tasks.save(row);
        leased.push({ id: row.id, version: row.version, run: row.run + 1, body: text });
      }
      return { tasks: leased, more: rows.length === limit || leased.length < rows.length, now };
    },

    published({ tasks: confirmed, now }) {
      for (const { id, version } of confirmed) {
        const row = tasks.get(readTaskId(id)?.pk ?? '');
        if (!row || row.version !== version || row.state !== 'scheduled') continue;
        move(row, 'queued', now);
        tasks.save(row);
      }
    },

    reconcile({ address: { queue, priority, lane }, lost: { before, after, limit }, now }) {
      const rows = old(queue, priority, lane, before, now, limit);
      if (after !== undefined) rows.push(...ahead(queue, priority, lane, after, limit - rows.length));
      for (const row of rows) {
        move(row, 'scheduled', now);
        row.dueAt = now;
        row.reconcileAt = now + RECONCILE_INTERVAL_MS * 2 ** Math.min(row.reconciled, MAX_DOUBLINGS);
        row.reconciled += 1;
        tasks.save(row);
      }
      return rows.length;
    },
  };
}
