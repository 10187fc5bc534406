import { type TaskId, winnerOver } from '../../core/task-id.ts';
import type { CancelResult, Rejection } from '../database.ts';
import type { Server } from './server.ts';
import { bytea, identified, type RecordJson, recordOf } from './task-json.ts';

type Answer =
  | { readonly kind: 'gone' }
  /** What there is has another id. */
  | { readonly kind: 'other'; readonly id: string }
  | { readonly kind: 'cancelled' | 'requested' | 'ended'; readonly record: RecordJson };

interface Request {
  readonly tenant: string;
  readonly horizonMs: number;
}

export async function cancel(server: Server, id: TaskId, request: Request): Promise<CancelResult> {
  let answer = await ask(server, id, request, null);
  while (answer.kind === 'other') {
    const winner = winnerOver(id, answer.id);
    if (winner !== undefined) return { kind: 'reused', winner };
    answer = await ask(server, id, request, answer.id);
  }
  return answer.kind === 'gone' ? answer : { kind: answer.kind, record: recordOf(answer.record) };
}

/** @param same the id of another request for the same task */
async function ask(
  server: Server,
  id: TaskId,
  { tenant, horizonMs }: Request,
  same: string | null,
): Promise<Answer> {
  const answer = await server.ask(
    'cancel',
    'SELECT sluice.cancel($2, $3, $4, $5, $6, $7, $8, $9, $1)',
    server.now(),
    id.pk,
    bytea(id.identity),
    id.keyed,
    id.time,
    id.text,
    same,
    tenant,
    horizonMs,
  );
  return answer as Answer;
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
