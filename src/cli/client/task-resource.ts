import type { State } from '../../core/state.ts';
import type { HttpClient, Reply } from './http-client.ts';
import type { Terminal } from '../terminal.ts';

/** A task as the API shows it; what this release does not use is kept for `--json`. */
export interface TaskResource {
  readonly id: string;
  readonly task?: string;
  /** `accepted` when the server could ask nobody. */
  readonly status: State | 'accepted';
  readonly version?: number;
  readonly createdAt?: string;
  readonly progress?: { readonly fraction: number; readonly detail?: unknown };
  readonly result?: unknown;
  readonly error?: { readonly code?: string; readonly message?: string };
  readonly [member: string]: unknown;
}

export function taskPath(id: string): string {
  return `/v1/tasks/${encodeURIComponent(id)}`;
}

export function asTask(reply: Reply): TaskResource {
  return reply.body as TaskResource;
}

export async function getTask(client: Pick<HttpClient, 'call'>, id: string): Promise<TaskResource> {
  return asTask(await client.call(taskPath(id)));
}

/** The task on one line, for people. */
export function taskLine(task: TaskResource, { paint }: Terminal): string {
  const done =
    task.status === 'running' && task.progress ? `${Math.round(task.progress.fraction * 100)} %` : '';
  const why = task.error ? `${task.error.code ?? 'failed'}: ${task.error.message ?? ''}` : '';
  const state = task.status.padEnd(9);
  const painted =
    task.status === 'succeeded' ? paint('green', state) : task.error ? paint('red', state) : state;
  return [task.id, painted, task.task ?? '', task.createdAt ?? '', done, why].filter(Boolean).join('  ');
}
