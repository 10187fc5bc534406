import type { Clock } from '../../core/clock.ts';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import type { Address } from '../../core/message.ts';
import type { State } from '../../core/state.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { TaskRecord } from '../../core/task-record.ts';
import { StoreUnavailable } from '../../sqlite/batching-thread.ts';
import type { Caller, SqliteStore } from '../../sqlite/sqlite-store.ts';
import type {
  CancelResult,
  Claim,
  Database,
  Due,
  Extension,
  FollowUps,
  HeldRun,
  Lease,
  ListFilter,
  Lookup,
  LostTimes,
  Rejection,
  Retention,
  SettleResult,
  Settlement,
  Swept,
  TaskPage,
  Verdict,
} from '../database.ts';
import { type DatabaseWrites, operationModule } from './database-operations.ts';
import type { DatabaseReads } from './read-operations.ts';

export interface SqliteDatabaseOptions {
  readonly store: SqliteStore;
  readonly clock: Clock;
}

/** The compiled module that the threads of the store have to be given. */
export const SQLITE_DATABASE_MODULE: URL = new URL('./database-operations.js', import.meta.url);

/** The database in the file of a SqliteStore, for one process; its time is that of the process. */
export class SqliteDatabase implements Database {
  readonly #store: SqliteStore;
  readonly #clock: Clock;
  readonly #writes: Caller<DatabaseWrites>;
  readonly #reads: Caller<DatabaseReads>;

  constructor({ store, clock }: SqliteDatabaseOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#writes = store.writes(operationModule);
    this.#reads = store.reads(operationModule);
  }

  claim(claims: readonly Claim[], lease: Lease): Promise<Verdict[]> {
    return answered(this.#writes('claim', { claims, lease, now: this.#clock.now() }));
  }

  extend(runs: readonly HeldRun[], lease: Lease): Promise<Extension> {
    return answered(this.#writes('extend', { runs, lease, now: this.#clock.now() }));
  }

  settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    return answered(this.#writes('settle', { settlements, now: this.#clock.now() }));
  }

  reject(rejections: readonly Rejection[]): Promise<void> {
    return answered(this.#writes('reject', { rejections, now: this.#clock.now() }));
  }

  cancel(id: TaskId, tenant: string, horizonMs: number): Promise<CancelResult> {
    return answered(this.#writes('cancel', { id, tenant, horizonMs, now: this.#clock.now() }));
  }

  due(limit: number): Promise<Due> {
    return answered(this.#writes('due', { limit, now: this.#clock.now() }));
  }

  published(tasks: readonly { readonly id: string; readonly version: number }[]): Promise<void> {
    return answered(this.#writes('published', { tasks, now: this.#clock.now() }));
  }

  recover({ before, ...options }: Parameters<Database['recover']>[0]): Promise<TaskRecord[]> {
    const now = Math.min(this.#clock.now(), before ?? Infinity);
    return answered(this.#writes('recover', { all: false, ...options, now }));
  }

  reconcile(address: Address, lost: LostTimes): Promise<number> {
    return answered(this.#writes('reconcile', { address, lost, now: this.#clock.now() }));
  }

  followUps(limit: number): Promise<FollowUps[]> {
    return answered(this.#writes('followUps', { limit, now: this.#clock.now() }));
  }

  followUpsPublished(ids: readonly string[]): Promise<void> {
    return answered(this.#writes('followUpsPublished', ids));
  }

  sweep(retention: Retention, limit: number): Promise<Swept> {
    return answered(this.#writes('sweep', { retention, limit, now: this.#clock.now() }));
  }

  get(ids: readonly TaskId[]): Promise<Lookup[]> {
    return answered(this.#reads('get', ids));
  }

  list(filter: ListFilter): Promise<TaskPage> {
    return answered(this.#reads('list', filter));
  }

  counts(): Promise<Partial<Record<State, number>>> {
    return answered(this.#reads('counts'));
  }

  health(): Promise<Health> {
    return Promise.resolve(this.#store.health());
  }

  /** The store is whoever opened it's to close. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    if (!(thrown instanceof StoreUnavailable)) throw thrown;
    throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE', { reason: messageOf(thrown) }, { cause: thrown });
  }
}
