import { readTaskId } from '../../core/task-id.ts';
import type { TaskError } from '../../core/task-record.ts';
import type { Connection } from '../../sqlite/binding.ts';
import { FOLLOW_UP_LEASE_MS } from '../bounds.ts';
import type { Outcome, SettleResult, Settlement } from '../database.ts';
import { expiredError } from '../task-errors.ts';
import type { Concurrency } from './concurrency.ts';
import { type TaskRow, recordOf } from './task-row.ts';
import { type TaskTable, move } from './task-table.ts';

export interface SettleArguments {
  readonly settlements: readonly Settlement[];
  readonly now: number;
}

export function settleOperation(
  connection: Connection,
  tasks: TaskTable,
  concurrency: Concurrency,
): (args: SettleArguments) => SettleResult[] {
  const addFollowUp = connection.prepare(
    'INSERT INTO follow_up (number, position, body, leased_until) VALUES (?, ?, ?, ?)',
  );

  return ({ settlements, now }) => settlements.map((settlement) => settle(settlement, now));

  function settle({ id, run, outcome }: Settlement, now: number): SettleResult {
    const row = tasks.get(readTaskId(id)?.pk ?? '');
    if (!row) return { kind: 'lost' };
    if (row.settledRun === run) return { kind: 'settled', record: recordOf(row) };
    if (row.state !== 'running' || row.run !== run) return { kind: 'lost' };
    row.settledRun = run;
    apply(outcome, row, now);
    tasks.save(row);
    if (outcome.kind === 'succeeded') keepOutput(outcome, row, now);
    concurrency.letGo(row, now);
    return { kind: 'settled', record: recordOf(row) };
  }

  /** The lease on the follow-ups is the settling worker's own, which publishes them next. */
  function keepOutput(outcome: Outcome & { kind: 'succeeded' }, row: TaskRow, now: number): void {
    tasks.keepResult(row, outcome.result);
    for (const [position, body] of outcome.followUps.entries()) {
      addFollowUp.run(row.number, position, body, now + FOLLOW_UP_LEASE_MS);
    }
  }
}

function apply(outcome: Outcome, row: TaskRow, now: number): void {
  switch (outcome.kind) {
    case 'succeeded':
      row.error = undefined;
      move(row, 'succeeded', now);
      break;
    case 'failed':
      row.attempts += outcome.charged ? 1 : 0;
      row.error = outcome.error;
      move(row, 'failed', now);
      break;
    case 'retry':
      row.attempts += 1;
      row.error = outcome.error;
      scheduleAgain(row, now, outcome.afterMs);
      break;
    case 'cancelled':
      move(row, 'cancelled', now);
      break;
    case 'crashed':
      applyCrash(row, outcome.error, outcome.crashLimit, now);
      break;
    case 'returned':
      scheduleAgain(row, now, 0);
      break;
  }
}

/** Charges a crash: again at once, or the end. */
function applyCrash(row: TaskRow, error: TaskError, crashLimit: number, now: number): void {
  row.crashes += 1;
  row.error = error;
  if (row.crashes >= crashLimit && !row.cancelRequested) move(row, 'failed', now);
  else scheduleAgain(row, now, 0);
}

/** Makes it due after a while, or ends it where that is too late or not wanted any more. */
export function scheduleAgain(row: TaskRow, now: number, afterMs: number): void {
  if (row.cancelRequested) {
    move(row, 'cancelled', now);
  } else if (row.deadlineAt !== undefined && row.deadlineAt < now + afterMs) {
    row.error = row.error ?? expiredError();
    move(row, 'expired', now);
  } else {
    move(row, 'scheduled', now);
    row.dueAt = now + afterMs;
  }
}
