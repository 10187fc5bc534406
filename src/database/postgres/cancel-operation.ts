import type { TaskId } from '../../core/task-id.ts';
import type { CancelResult, Rejection } from '../database.ts';
import type { Server } from './server.ts';
import { bytea, identified, type RecordJson, recordOf } from './task-json.ts';

type Answer =
  | { readonly kind: 'gone' }
  | { readonly kind: 'cancelled' | 'requested' | 'ended'; readonly record: RecordJson };

export async function cancel(server: Server, id: TaskId, tenant: string): Promise<CancelResult> {
  const answer = await server.ask(
    'cancel',
    'SELECT sluice.cancel($2, $3, $4, $5, $6, $7, $1)',
    server.now(),
    id.pk,
    bytea(id.identity),
    id.keyed,
    id.time,
    id.text,
    tenant,
  );
  const result = answer as Answer;
  return result.kind === 'gone' ? result : { kind: result.kind, record: recordOf(result.record) };
}

export async function reject(server: Server, rejections: readonly Rejection[]): Promise<void> {
  if (rejections.length === 0) return;
  const inputs = rejections.map(({ id, tenant, task, error }) => ({
    ...identified(id),
    tenant,
    task,
    error: JSON.stringify(error),
  }));
  await server.ask('reject', 'SELECT sluice.reject($2, $1)', server.now(), JSON.stringify(inputs));
}
