import { isTerminal } from '../../core/state.ts';
import { type TaskId, winnerOver } from '../../core/task-id.ts';
import type { CancelResult, Rejection } from '../database.ts';
import type { Concurrency } from './concurrency.ts';
import { newRow, recordOf } from './task-row.ts';
import { type TaskTable, move } from './task-table.ts';

export interface CancelArguments {
  readonly id: TaskId;
  readonly tenant: string;
  readonly horizonMs: number;
  readonly now: number;
}

export function cancelOperation(
  tasks: TaskTable,
  concurrency: Concurrency,
): (args: CancelArguments) => CancelResult {
  return ({ id, tenant, horizonMs, now }) => {
    const found = tasks.find(id);
    if (!found && (id.time < now - horizonMs || tasks.hasTombstone(id.identity))) return { kind: 'gone' };
    const winner = found && winnerOver(id, found.id);
    if (winner !== undefined) return { kind: 'reused', winner };
    const row = found ?? newRow(id, tenant, now);
    if (isTerminal(row.state)) return { kind: 'ended', record: recordOf(row) };
    row.cancelRequested = true;
    if (row.state === 'running') {
      tasks.save(row);
      return { kind: 'requested', record: recordOf(row) };
    }
    move(row, 'cancelled', now);
    tasks.save(row);
    concurrency.letGo(row, now);
    return { kind: 'cancelled', record: recordOf(row) };
  };
}

export interface RejectArguments {
  readonly rejections: readonly Rejection[];
  readonly now: number;
}

export function rejectOperation(tasks: TaskTable, concurrency: Concurrency): (args: RejectArguments) => void {
  return ({ rejections, now }) => {
    for (const { id, tenant, task, error } of rejections) {
      const found = tasks.find(id);
      // One that is blocked needs no message until it is released.
      const waits = found
        ? found.state === 'queued' || found.state === 'scheduled'
        : !tasks.hasTombstone(id.identity);
      if (!waits || (found && found.id !== id.text)) continue;
      const row = found ?? { ...newRow(id, tenant, now), task };
      row.error = error;
      move(row, 'failed', now);
      tasks.save(row);
      concurrency.letGo(row, now);
    }
  };
}
