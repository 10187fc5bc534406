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

/** Those that have an id, in the order in which rows are locked: by identity. */
export function inOrderOfLocks<T extends { readonly id: string }>(
  items: readonly T[],
): (T & { pk: string })[] {
  return items
    .flatMap((item) => {
      const id = readTaskId(item.id);
      return id ? [{ item: { ...item, pk: id.pk }, identity: id.identity }] : [];
    })
    .toSorted((one, other) => (one.identity < other.identity ? -1 : 1))
    .map(({ item }) => item);
}

export function recordOf(json: RecordJson): TaskRecord {
  const {
    startedAt,
    finishedAt,
    dueAt,
    deadlineAt,
    concurrencyKey,
    parentId,
    tags,
    progress,
    error,
    ...rest
  } = json;
  return {
    ...(rest as TaskRecord),
    startedAt: startedAt ?? undefined,
    finishedAt: finishedAt ?? undefined,
    dueAt: dueAt ?? undefined,
    deadlineAt: deadlineAt ?? undefined,
    concurrencyKey: concurrencyKey ?? undefined,
    parentId: parentId ?? undefined,
    tags: tags ?? undefined,
    progress: progress ?? undefined,
    error: error ?? undefined,
  };
}
