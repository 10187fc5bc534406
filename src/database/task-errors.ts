import { SluiceError } from '../core/errors.ts';
import type { TaskError } from '../core/task-record.ts';

/** Why a task ended `expired`. */
export function expiredError(): TaskError {
  const { code, message } = new SluiceError('SLUICE_TASK_EXPIRED');
  return { code, message };
}

/**
 * Why a run was recovered.
 * @param crashes how many there have been; left out, the message keeps `{crashes}` in its place
 * @param all its holder is known to be dead
 */
export function crashedError(crashes: number | undefined, all: boolean): TaskError {
  const reason = all ? 'the server stopped without handing it back' : 'its worker gave no sign of life';
  const { code, message } = new SluiceError('SLUICE_TASK_CRASHED', {
    reason,
    ...(crashes === undefined ? {} : { crashes }),
  });
  return { code, message };
}
