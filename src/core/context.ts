import type { Duration } from './duration.ts';
import type { InputFor, TaskReference } from './task-reference.ts';

/** Why `ctx.signal` was aborted: its `reason` is an AbortReason. */
export type AbortCause = 'timeout' | 'cancelled' | 'shutdown' | 'lost';

/** The `reason` of an aborted `ctx.signal`. */
export class AbortReason extends Error {
  /**
   * `timeout`: the run took longer than the task's timeout. `cancelled`: someone cancelled the task. `shutdown`: the
   * server stops; the task runs again elsewhere, uncharged. `lost`: another run of the task may have begun.
   */
  readonly reason: AbortCause;

  constructor(reason: AbortCause) {
    super(`the run was aborted: ${reason}`);
    this.name = 'AbortError';
    this.reason = reason;
  }
}

type WriteLog = (message: string, data?: Record<string, unknown>) => void;

/** Writes to the server's log, with the task's id, name and attempt. */
export interface TaskLog {
  readonly debug: WriteLog;
  readonly info: WriteLog;
  readonly warn: WriteLog;
  readonly error: WriteLog;
}

/** What a handler knows of, and can do about, the run that it is. */
export interface TaskContext {
  readonly id: string;
  readonly tenant: string;
  /** 1 for the first attempt; a run that a crash or a shutdown ended is not counted. */
  readonly attempt: number;
  /** Aborted when the run's result is no longer wanted; its `reason` is an AbortReason. */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  /** The same in every run of this task: hand it to the services you call, so that they act once. */
  readonly idempotencyKey: string;
  /** Tells whoever watches how far the run is: a fraction from 0 to 1, and any JSON beside it. */
  readonly progress: (fraction: number, detail?: unknown) => void;
  /**
   * Queues another task once this one has succeeded; nothing is queued if it does not. The same call in a later run of
   * this task queues no second one; tell several calls for one task apart by `key`.
   * @returns the id of the new task
   */
  readonly enqueue: <T extends TaskReference>(
    task: T,
    input: InputFor<T>,
    options?: EnqueueFromTask,
  ) => string;
}

export interface EnqueueFromTask {
  /** Tells several calls for one task apart. Default: the number of the call. */
  readonly key?: string;
  /** How long the new task waits at least. */
  readonly delay?: Duration;
}

const RETRY_AFTER = Symbol.for('sluice.retry-after');
const NON_RETRIABLE = Symbol.for('sluice.non-retriable');

/** Thrown by a handler: try again after `delay`; it counts as an attempt. */
export class RetryAfter extends Error {
  readonly delay: Duration;
  readonly [RETRY_AFTER] = true;

  constructor(delay: Duration, message = 'the handler asked to be run later', options?: ErrorOptions) {
    super(message, options);
    this.name = 'RetryAfter';
    this.delay = delay;
  }
}

/** Thrown by a handler: do not try again, whatever retries are left. */
export class NonRetriable extends Error {
  readonly [NON_RETRIABLE] = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NonRetriable';
  }
}

/** Tells by brand, since a handler's bundle may hold its own copy of this package. */
export function isRetryAfter(thrown: unknown): thrown is RetryAfter {
  return typeof thrown === 'object' && thrown !== null && RETRY_AFTER in thrown;
}

export function isNonRetriable(thrown: unknown): thrown is NonRetriable {
  return typeof thrown === 'object' && thrown !== null && NON_RETRIABLE in thrown;
}
