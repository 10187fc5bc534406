import type { Health } from '../core/health.ts';
import type { Address, Message } from '../core/message.ts';
import type { State, TerminalState } from '../core/state.ts';
import type { TaskId } from '../core/task-id.ts';
import type { Progress, TaskError, TaskRecord } from '../core/task-record.ts';

/**
 * Owns each task from its claim on. Every method rejects with SluiceError `SLUICE_DATABASE_UNAVAILABLE` when the
 * engine does not answer; the outcome is then unknown, and the same call may be made again. Its `data.timedOut` is true
 * where the engine was at work for too long. Any other rejection is the fault of one of the items: divide the batch and try
 * the halves. Times are the database's own.
 */
export interface Database extends Runs, Schedule, Tasks {
  health(): Promise<Health>;
  close(): Promise<void>;
}

/** The life of a run: claim, lease, settle. */
export interface Runs {
  /** Decides about each message, in one statement against the row of its task. The verdicts come in the same order. */
  claim(claims: readonly Claim[], lease: Lease): Promise<Verdict[]>;
  /** Extends the leases of the runs that are still the holder's, and notes their progress and that they have begun. */
  extend(runs: readonly HeldRun[], lease: Lease): Promise<Extension>;
  /** Records how runs ended, each fenced by (id, run, state = running). The results come in the same order. */
  settle(settlements: readonly Settlement[]): Promise<SettleResult[]>;
  /** Records `failed` for messages that can not be claimed, where the task has no row yet or waits. */
  reject(rejections: readonly Rejection[]): Promise<void>;
  /**
   * Cancels a task that waits; asks a running one to end. One that has no row waits in the queue, unless its id is older
   * than `horizonMs`: then it is gone, for nothing may be left of a task that ended.
   */
  cancel(id: TaskId, tenant: string, horizonMs: number): Promise<CancelResult>;
}

/** What brings waiting tasks back into the queue, and removes ended ones. */
export interface Schedule {
  /** Leases scheduled tasks that are due, so that nobody else publishes them meanwhile: the oldest first, `limit` at most,
   * and of their messages no more than `BATCH_BYTES`, or one. */
  due(limit: number): Promise<Due>;
  /** Marks tasks `queued` whose message the queue has confirmed; where the version has moved on, does nothing. */
  published(tasks: readonly { readonly id: string; readonly version: number }[]): Promise<void>;
  /**
   * Schedules the runs whose lease ran out. Nobody can tell why their worker is silent, so no crash is charged; each is
   * noted as interrupted, and fails when it was `interruptionLimit` times. A run that is to be alone counts as
   * interrupted only if `extend` was told that it had begun: what waits can not have brought its worker down.
   * @param options.before none whose lease ran out later than that, whatever the time is now: a clock that was set on
   *   makes every lease look as if it had run out
   * @param options.all also those whose lease still holds, and what was leased to be published: the holder of all of it
   *   is known to be dead
   */
  recover(options: {
    readonly limit: number;
    readonly interruptionLimit: number;
    readonly before?: number | undefined;
    readonly all?: boolean;
  }): Promise<TaskRecord[]>;
  /**
   * Schedules the tasks of `address` whose message is lost, and returns how many: those that have been `queued` since
   * before `before`, and those since `after`, where it is given: no clock but one that was set back can have told it.
   * Each time one is found, the time until it can be found to be old again doubles.
   */
  reconcile(address: Address, lost: LostTimes): Promise<number>;
  /** Messages that settled tasks have left to be published, oldest first; leased like due tasks, and from the settle on
   * to the worker that settled. */
  followUps(limit: number): Promise<FollowUps[]>;
  /** Forgets the follow-ups of the tasks: the queue has confirmed them. */
  followUpsPublished(ids: readonly string[]): Promise<void>;
  /** Removes what is older than the retention allows, `limit` tasks at most of each kind. */
  sweep(retention: Retention, limit: number): Promise<Swept>;
}

/** Reads. */
export interface Tasks {
  /** What there is under each id, in the same order. An id that shares its identity finds the task that won. */
  get(ids: readonly TaskId[]): Promise<Lookup[]>;
  /** Newest first. */
  list(filter: ListFilter): Promise<TaskPage>;
  /** How many tasks are in each waiting or running state, for metrics; 10,000 is that many or more. */
  counts(): Promise<Partial<Record<State, number>>>;
}

export interface Lease {
  /** Identity of the worker, drawn anew at each start of the process. */
  readonly holder: string;
  readonly durationMs: number;
}

export interface Claim {
  readonly message: Message;
  /** Its encoded form, kept for publishing the task again with every field. */
  readonly body: string;
  /** Park instead of running, uncharged: this worker can not run it. */
  readonly park?: Park | undefined;
  /** A message published before this, of which neither a row nor a tombstone is left, is put into quarantine. */
  readonly horizonMs: number;
}

export interface Park {
  /** Doubles with each time in a row. */
  readonly forMs: number;
  readonly atMostMs: number;
  readonly reason: TaskError;
}

export type Verdict =
  | {
      readonly kind: 'run';
      readonly run: number;
      readonly attempts: number;
      readonly crashes: number;
      readonly version: number;
      /** What ran it before has died: let it have a runner to itself, one such task at a time, and tell `extend` when it
       * begins. */
      readonly alone: boolean;
    }
  /** The row waits until it is due; the message can go. */
  | { readonly kind: 'park' }
  /** The row waits for its concurrency key; the message can go. */
  | { readonly kind: 'block' }
  /** The deadline has passed; the row says so. */
  | { readonly kind: 'expire'; readonly version: number }
  /** The task has ended, runs elsewhere, or another message stands for it. */
  | { readonly kind: 'drop' }
  /** Too old to tell whether it has run already. */
  | { readonly kind: 'quarantine' };

export interface HeldRun {
  readonly id: string;
  readonly run: number;
  readonly progress?: Progress | undefined;
  /** The handler is about to be run, or has been. */
  readonly begun?: boolean | undefined;
}

export interface Extension {
  /** Ids of runs that are no longer the holder's. */
  readonly lost: readonly string[];
  /** Ids of runs that someone asked to cancel. */
  readonly cancelRequested: readonly string[];
}

export type Outcome =
  | { readonly kind: 'succeeded'; readonly result: string; readonly followUps: readonly string[] }
  /** `charged`: it counts as an attempt. */
  | { readonly kind: 'failed'; readonly error: TaskError; readonly charged: boolean }
  /** Again in `afterMs`; counts as an attempt. `expired` instead where the deadline comes first. */
  | { readonly kind: 'retry'; readonly error: TaskError; readonly afterMs: number }
  | { readonly kind: 'cancelled' }
  /** The process died under it: again at once, or `failed` at the limit. */
  | { readonly kind: 'crashed'; readonly error: TaskError; readonly crashLimit: number }
  /** Handed back unfinished; counts as nothing. */
  | { readonly kind: 'returned' };

export interface Settlement {
  readonly id: string;
  readonly run: number;
  readonly outcome: Outcome;
}

export type SettleResult =
  /** Recorded, now or by an earlier call whose answer was lost. */
  | { readonly kind: 'settled'; readonly record: TaskRecord }
  /** The run was no longer the task's current one; nothing was recorded. */
  | { readonly kind: 'lost' };

export interface Rejection {
  readonly id: TaskId;
  readonly tenant: string;
  readonly task: string;
  readonly error: TaskError;
}

export type CancelResult =
  | { readonly kind: 'cancelled'; readonly record: TaskRecord }
  /** It runs; the run has been told, or will be with its lease. */
  | { readonly kind: 'requested'; readonly record: TaskRecord }
  | { readonly kind: 'ended'; readonly record: TaskRecord }
  /** The task belongs to another request, which came first with the same idempotency key and other content. */
  | { readonly kind: 'reused'; readonly winner: string }
  | { readonly kind: 'gone' };

export interface LostTimes {
  readonly before: number;
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface Due {
  readonly tasks: readonly DueTask[];
  /** There may be others that are due. */
  readonly more: boolean;
  /** The time that the database goes by, in milliseconds since the epoch. */
  readonly now: number;
}

export interface DueTask {
  readonly id: string;
  readonly version: number;
  /** The run to ask for: one more than the row's. */
  readonly run: number;
  /** The encoded message that the task was first claimed by. */
  readonly body: string;
}

export interface FollowUps {
  /** The settled task that left them. */
  readonly id: string;
  readonly bodies: readonly string[];
}

export type Lookup =
  | {
      readonly kind: 'found';
      readonly record: TaskRecord;
      /** The JSON of the result of a succeeded task, while it is kept. */
      readonly result?: string | undefined;
    }
  /** It was here and is over. */
  | { readonly kind: 'gone'; readonly state: TerminalState; readonly endedAt: number }
  | { readonly kind: 'none' };

export interface ListFilter {
  readonly tenant: string;
  readonly state?: State | undefined;
  readonly task?: string | undefined;
  readonly tag?: string | undefined;
  readonly limit: number;
  /** `next` of the page before: a `TaskId.pk`. */
  readonly cursor?: string | undefined;
}

export interface TaskPage {
  readonly tasks: readonly TaskRecord[];
  /** The `TaskId.pk` behind which the next page begins; undefined at the end. A page may be short, even empty, and yet
   * have a next one. */
  readonly next?: string | undefined;
}

/** Ages, counted from the end of the task. */
export interface Retention {
  /** Inputs and results. */
  readonly bodiesMs: number;
  readonly rowsMs: number;
  /** Tombstones, and the oldest message that can still be told from one that has run. */
  readonly horizonMs: number;
}

export interface Swept {
  readonly bodies: number;
  readonly rows: number;
  readonly tombstones: number;
}
