import type { Address } from './message.ts';
import type { State } from './state.ts';

/** Why a task failed, or why its last attempt did. */
export interface TaskError {
  /** A code of the error table, or the `code` or `name` of what the handler threw. */
  readonly code: string;
  readonly message: string;
  /** For the operator's eyes: kept in the database and the log, never sent to a client. */
  readonly stack?: string | undefined;
}

/** How far a running task says it is. */
export interface Progress {
  readonly fraction: number;
  readonly detail?: unknown;
}

/** What the database knows of a task, without its input and its result. Times are milliseconds since the epoch. */
export interface TaskRecord extends Address {
  readonly id: string;
  readonly tenant: string;
  /** Empty for a task that was cancelled before the database had heard of it. */
  readonly task: string;
  readonly state: State;
  /** Raised by each transition: the ETag, and the order of cached copies. */
  readonly version: number;
  /** Raised by each claim that permits a run: the only fence. */
  readonly run: number;
  /** How often the handler refused. */
  readonly attempts: number;
  /** How often its runner died under it. */
  readonly crashes: number;
  /** How often its worker died, or fell silent, under it: nobody can tell whether it was the cause. */
  readonly interruptions?: number | undefined;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly dueAt?: number | undefined;
  readonly deadlineAt?: number | undefined;
  readonly concurrencyKey?: string | undefined;
  readonly parentId?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly cancelRequested: boolean;
  readonly progress?: Progress | undefined;
  readonly error?: TaskError | undefined;
}
