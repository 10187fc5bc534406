import { SluiceError } from '../../core/errors.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { TaskRecord } from '../../core/task-record.ts';
import { cancelTopic, encodeTaskSignal, taskTopic } from '../../core/topics.ts';
import type { Database, Retention } from '../../database/database.ts';
import type { Signals } from '../../signals/signals.ts';
import type { TaskReader } from '../read/task-reader.ts';
import { databaseAnswer } from '../read/database-answer.ts';

export interface CancelOptions {
  readonly database: Pick<Database, 'cancel'>;
  readonly reader: Pick<TaskReader, 'remember'>;
  readonly signals: Signals;
  readonly retention: Pick<Retention, 'horizonMs'>;
  /** Called when something that waited for the cancelled task may have become due. */
  readonly onScheduled?: (() => void) | undefined;
}

/**
 * Cancels a task that waits, asks a running one to end. The record is that of after.
 * @param id of the tenant
 * @throws SluiceError `SLUICE_TASK_ENDED`, `SLUICE_TASK_GONE`, `SLUICE_IDEMPOTENCY_KEY_REUSED` when the task of this id
 *   is another's, or `SLUICE_DATABASE_UNAVAILABLE`
 */
export async function cancelTask(options: CancelOptions, id: TaskId, tenant: string): Promise<TaskRecord> {
  const { database, reader, signals, retention } = options;
  const result = await databaseAnswer(database.cancel(id, tenant, retention.horizonMs));
  switch (result.kind) {
    case 'gone':
      throw new SluiceError('SLUICE_TASK_GONE');
    case 'reused':
      throw new SluiceError('SLUICE_IDEMPOTENCY_KEY_REUSED', { taskId: result.winner });
    case 'ended':
      throw new SluiceError('SLUICE_TASK_ENDED', { state: result.record.state, taskId: result.record.id });
    case 'requested':
      signals.publish(cancelTopic(result.record.id), '');
      return result.record;
    case 'cancelled': {
      const { record } = result;
      reader.remember({ record });
      const { id: winner, state, version } = record;
      signals.publish(taskTopic(winner), encodeTaskSignal({ state, version }));
      options.onScheduled?.();
      return record;
    }
  }
}
