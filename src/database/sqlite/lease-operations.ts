import { readTaskId } from '../../core/task-id.ts';
import type { TaskRecord } from '../../core/task-record.ts';
import type { Connection } from '../../sqlite/binding.ts';
import type { Extension, HeldRun, Lease } from '../database.ts';
import { pauseAfter } from '../interruption.ts';
import { interruptedError } from '../task-errors.ts';
import type { Concurrency } from './concurrency.ts';
import { scheduleAgain } from './settle-operation.ts';
import { type TaskRow, recordOf } from './task-row.ts';
import { type TaskTable, move } from './task-table.ts';

export interface LeaseOperations {
  extend(args: { readonly runs: readonly HeldRun[]; readonly lease: Lease; readonly now: number }): Extension;
  recover(args: {
    readonly limit: number;
    readonly interruptionLimit: number;
    readonly all: boolean;
    readonly now: number;
  }): TaskRecord[];
}

export function leaseOperations(
  connection: Connection,
  tasks: TaskTable,
  concurrency: Concurrency,
): LeaseOperations {
  const extendOne = connection.prepare(
    `UPDATE task SET lease_until = ?, progress = coalesce(?, progress), begun = max(begun, ?)
     WHERE pk = ? AND run = ? AND state = 'running' AND lease_holder = ?`,
  );
  const cancelRequested = connection.prepare('SELECT cancel_requested FROM task WHERE pk = ?');
  const expired = tasks.select(`WHERE state = 'running' AND lease_until < ? ORDER BY lease_until LIMIT ?`);

  const releaseDue = connection.prepare(
    `UPDATE task SET publishing_until = NULL WHERE state = 'scheduled' AND due_at <= ?1 AND publishing_until > ?1`,
  );
  const releaseFollowUps = connection.prepare(
    'UPDATE follow_up SET leased_until = ?1 WHERE leased_until > ?1',
  );

  return {
    extend({ runs, lease, now }) {
      const lost: string[] = [];
      const cancelled: string[] = [];
      for (const { id, run, progress, begun } of runs) {
        const pk = readTaskId(id)?.pk ?? '';
        const text = progress ? JSON.stringify(progress) : null;
        const until = now + lease.durationMs;
        const held = extendOne.run(until, text, begun ? 1 : 0, pk, run, lease.holder) === 1;
        if (!held) lost.push(id);
        else if (cancelRequested.get(pk)?.[0] === 1) cancelled.push(id);
      }
      return { lost, cancelRequested: cancelled };
    },

    recover({ limit, interruptionLimit, all, now }) {
      if (all) {
        releaseDue.run(now);
        releaseFollowUps.run(now);
      }
      return expired(all ? Number.MAX_SAFE_INTEGER : now, limit).map((row) => {
        if (row.begun) interrupt(row, all, interruptionLimit, now);
        else scheduleAgain(row, now, 0);
        tasks.save(row);
        concurrency.letGo(row, now);
        return recordOf(row);
      });
    },
  };
}

function interrupt(row: TaskRow, all: boolean, limit: number, now: number): void {
  row.interruptions += 1;
  row.error = interruptedError(row.interruptions, all);
  if (row.interruptions >= limit && !row.cancelRequested) move(row, 'failed', now);
  else scheduleAgain(row, now, pauseAfter(row.interruptions));
}
