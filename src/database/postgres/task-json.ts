import { SluiceError } from '../../core/errors.ts';
import { type TaskId, readTaskId } from '../../core/task-id.ts';
import type { TaskRecord } from '../../core/task-record.ts';

/** How the server is told which task is meant. Its `uuid` takes the 32 digits of a primary key as they are. */
export interface IdentifiedTask {
  readonly pk: string;
  readonly identity: string;
  readonly keyed: boolean;
  readonly created_at: number;
  readonly id: string;
}

/** A record as `sluice.record_of` writes it: what is undefined here is null there. */
export type RecordJson = { readonly [Field in keyof TaskRecord]: TaskRecord[Field] | null };

export function identified({ pk, identity, keyed, time, text }: TaskId): IdentifiedTask {
  return { pk, identity: bytea(identity), keyed, created_at: time, id: text };
}

export function bytea(hexadecimal: string): string {
  return `\\x${hexadecimal}`;
}

/** @throws SluiceError `SLUICE_MESSAGE_INVALID` */
export function idOf(text: string): TaskId {
  const id = readTaskId(text);
  if (!id) throw new SluiceError('SLUICE_MESSAGE_INVALID', { reason: `its id "${text}" is none` });
  return id;
}

/** The last of each key among the items that have one, in the order in which rows are locked: by key. */
export function byKey<T extends { readonly id: string }>(
  items: readonly T[],
): (T & { readonly pk: string })[] {
  const keyed = new Map<string, T & { readonly pk: string }>();
  for (const item of items) {
    const pk = readTaskId(item.id)?.pk;
    if (pk !== undefined) keyed.set(pk, { ...item, pk });
  }
  return [...keyed.values()].toSorted((one, other) => (one.pk < other.pk ? -1 : 1));
}

export function recordOf(json: RecordJson): TaskRecord {
  const record = json as TaskRecord;
  return {
    id: record.id,
    tenant: record.tenant,
    task: record.task,
    queue: record.queue,
    priority: record.priority,
    lane: record.lane,
    state: record.state,
    version: record.version,
    run: record.run,
    attempts: record.attempts,
    crashes: record.crashes,
    interruptions: record.interruptions,
    createdAt: record.createdAt,
    changedAt: record.changedAt,
    startedAt: json.startedAt ?? undefined,
    finishedAt: json.finishedAt ?? undefined,
    dueAt: json.dueAt ?? undefined,
    deadlineAt: json.deadlineAt ?? undefined,
    concurrencyKey: json.concurrencyKey ?? undefined,
    parentId: json.parentId ?? undefined,
    tags: json.tags ?? undefined,
    cancelRequested: record.cancelRequested,
    progress: json.progress ?? undefined,
    error: json.error ?? undefined,
  };
}
