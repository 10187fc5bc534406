import type { Logger } from '../../core/logger.ts';
import type { State } from '../../core/state.ts';
import type { Outcome } from '../../database/database.ts';
import type { Run } from '../run/run.ts';

/** Logs a run that failed, and what became of its task, with the stack, which no caller is shown. */
export function logFailure(logger: Logger, run: Run, outcome: Outcome, state: State): void {
  if (!('error' in outcome)) return;
  const { id: taskId, task } = run.message;
  const { code, message: reason, stack } = outcome.error;
  const data = { taskId, task, attempt: run.attempts + 1, code, reason, stack };
  if (state === 'scheduled') logger.warn('a run failed; the task runs again', data);
  else logger.error(`a run failed; the task is ${state}`, data);
}
