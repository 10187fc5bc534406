import { SluiceError } from '../core/errors.ts';
import type { TaskError } from '../core/task-record.ts';

/** Why a task ended `expired`. */
export function expiredError(): TaskError {
  const { code, message } = new SluiceError('SLUICE_TASK_EXPIRED');
  return { code, message };
}

/**
 * Why a run was recovered.
 * @param times how often that has happened to the task; left out, the message keeps `{times}` in its place
 * @param all its holder is known to be dead
 */
export function interruptedError(times: number | undefined, all: boolean): TaskError {
  const reason = all ? 'the server stopped without handing it back' : 'its worker gave no sign of life';
  const { code, message } = new SluiceError('SLUICE_TASK_CRASHED', {
    reason,
    ...(times === undefined ? {} : { times }),
  });
  return { code, message };
}
