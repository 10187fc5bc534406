import { FIRST_LANE, type Message, type Priority } from '../../core/message.ts';
import type { State } from '../../core/state.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { Progress, TaskError, TaskRecord } from '../../core/task-record.ts';
import type { SqlRow, SqlValue } from '../../sqlite/binding.ts';

/** A row of the table `task`, as the operations change it. */
export interface TaskRow {
  /** Rowid; 0 until the row is inserted. */
  number: number;
  readonly pk: string;
  readonly identity: string;
  readonly keyed: boolean;
  readonly id: string;
  readonly tenant: string;
  task: string;
  queue: string;
  priority: Priority;
  lane: number;
  state: State;
  version: number;
  run: number;
  /** The last run whose settlement was recorded. */
  settledRun: number;
  attempts: number;
  crashes: number;
  readonly createdAt: number;
  changedAt: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  dueAt: number | undefined;
  deadlineAt: number | undefined;
  /** The death of its worker may be the doing of this run. */
  begun: boolean;
  leaseHolder: string | undefined;
  leaseUntil: number | undefined;
  publishingUntil: number | undefined;
  /** Not to be reconciled before. */
  reconcileAt: number | undefined;
  reconciled: number;
  concurrencyKey: string | undefined;
  concurrencyLimit: number | undefined;
  /** It holds, or is promised, a slot of its concurrency key. */
  slot: boolean;
  /** Its place among the blocked tasks of the key. */
  blockedNumber: number | undefined;
  cancelRequested: boolean;
  hasBody: boolean;
  parentId: string | undefined;
  tags: readonly string[] | undefined;
  progress: Progress | undefined;
  error: TaskError | undefined;
  /** How often in a row no worker was there that could run it. */
  parked: number;
  /** How often its worker died, or fell silent, under it. */
  interruptions: number;
}

interface Codec {
  read(value: SqlValue): unknown;
  write(value: unknown): SqlValue;
}

const plain: Codec = { read: (value) => value ?? undefined, write: (value) => (value ?? null) as SqlValue };
const flag: Codec = { read: (value) => value === 1, write: (value) => (value === true ? 1 : 0) };
const json: Codec = {
  read: (value) => (typeof value === 'string' ? (JSON.parse(value) as unknown) : undefined),
  write: (value) => (value === undefined ? null : JSON.stringify(value)),
};

/** How each field is kept: the column is the field's name in snake case. The first nine never change. */
const FIELDS: readonly (readonly [keyof TaskRow, Codec])[] = [
  ['number', plain],
  ['pk', plain],
  ['identity', plain],
  ['keyed', flag],
  ['id', plain],
  ['tenant', plain],
  ['createdAt', plain],
  ['parentId', plain],
  ['tags', json],
  ['task', plain],
  ['queue', plain],
  ['priority', plain],
  ['lane', plain],
  ['state', plain],
  ['version', plain],
  ['run', plain],
  ['settledRun', plain],
  ['attempts', plain],
  ['crashes', plain],
  ['changedAt', plain],
  ['startedAt', plain],
  ['finishedAt', plain],
  ['dueAt', plain],
  ['deadlineAt', plain],
  ['begun', flag],
  ['leaseHolder', plain],
  ['leaseUntil', plain],
  ['publishingUntil', plain],
  ['reconcileAt', plain],
  ['reconciled', plain],
  ['concurrencyKey', plain],
  ['concurrencyLimit', plain],
  ['slot', flag],
  ['blockedNumber', plain],
  ['cancelRequested', flag],
  ['hasBody', flag],
  ['progress', json],
  ['error', json],
  ['parked', plain],
  ['interruptions', plain],
];

const FIXED = 9;

function columnOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export const COLUMNS: string = FIELDS.map(([field]) => columnOf(field)).join(', ');

/** Columns of an INSERT, without the rowid. */
export const INSERTED_COLUMNS: string = FIELDS.slice(1)
  .map(([field]) => columnOf(field))
  .join(', ');

export const INSERTED_PLACES: string = FIELDS.slice(1)
  .map(() => '?')
  .join(', ');

/** The SET of an UPDATE; the rowid follows as the last value. */
export const CHANGED_COLUMNS: string = FIELDS.slice(FIXED)
  .map(([field]) => `${columnOf(field)} = ?`)
  .join(', ');

export function rowOf(values: SqlRow): TaskRow {
  const row: Partial<Record<keyof TaskRow, unknown>> = {};
  for (const [index, [field, codec]] of FIELDS.entries()) {
    row[field] = codec.read(values[index] ?? null);
  }
  return row as TaskRow;
}

export function insertedValues(row: TaskRow): SqlValue[] {
  return valuesFrom(row, 1);
}

export function changedValues(row: TaskRow): SqlValue[] {
  return [...valuesFrom(row, FIXED), row.number];
}

function valuesFrom(row: TaskRow, start: number): SqlValue[] {
  return FIELDS.slice(start).map(([field, codec]) => codec.write(row[field]));
}

/** A row for a task of which only the id is known. It counts as queued, and nothing has been recorded yet. */
export function newRow(id: TaskId, tenant: string, now: number): TaskRow {
  return {
    number: 0,
    pk: id.pk,
    identity: id.identity,
    keyed: id.keyed,
    id: id.text,
    tenant,
    task: '',
    queue: '',
    priority: 'normal',
    lane: FIRST_LANE,
    state: 'queued',
    version: 1,
    run: 0,
    settledRun: 0,
    attempts: 0,
    crashes: 0,
    createdAt: id.time,
    changedAt: now,
    startedAt: undefined,
    finishedAt: undefined,
    dueAt: undefined,
    deadlineAt: undefined,
    begun: false,
    leaseHolder: undefined,
    leaseUntil: undefined,
    publishingUntil: undefined,
    reconcileAt: undefined,
    reconciled: 0,
    concurrencyKey: undefined,
    concurrencyLimit: undefined,
    slot: false,
    blockedNumber: undefined,
    cancelRequested: false,
    hasBody: false,
    parentId: undefined,
    tags: undefined,
    progress: undefined,
    error: undefined,
    parked: 0,
    interruptions: 0,
  };
}

/** What a message says of its task. */
export function describedBy(row: TaskRow, message: Message): TaskRow {
  return {
    ...row,
    task: message.task,
    queue: message.queue,
    priority: message.priority,
    lane: message.lane,
    deadlineAt: message.deadlineAt,
    concurrencyKey: message.concurrencyKey,
    concurrencyLimit: message.concurrencyLimit,
    parentId: message.parentId,
    tags: message.tags,
  };
}

export function recordOf(row: TaskRow): TaskRecord {
  return {
    id: row.id,
    tenant: row.tenant,
    task: row.task,
    queue: row.queue,
    priority: row.priority,
    lane: row.lane,
    state: row.state,
    version: row.version,
    run: row.run,
    attempts: row.attempts,
    crashes: row.crashes,
    interruptions: row.interruptions,
    createdAt: row.createdAt,
    changedAt: row.changedAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    dueAt: row.dueAt,
    deadlineAt: row.deadlineAt,
    concurrencyKey: row.concurrencyKey,
    parentId: row.parentId,
    tags: row.tags,
    cancelRequested: row.cancelRequested,
    progress: row.progress,
    error: row.error,
  };
}
