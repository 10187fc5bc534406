import type { Clock } from '../../core/clock.ts';
import { FIRST_VERSION, isTerminal } from '../../core/state.ts';
import { type TaskId, winnerOver } from '../../core/task-id.ts';
import {
  decodeTaskView,
  encodeTaskView,
  type TaskView,
  taskViewKey,
  taskViewTtlMs,
} from '../../core/task-view.ts';
import type { Lookup, Retention } from '../../database/database.ts';
import type { Lookups } from './lookups.ts';
import type { QuickCache } from './quick-cache.ts';

/** What can be told of a genuine id. */
export type Reading =
  | { readonly kind: 'known'; readonly view: TaskView }
  /** The database has no row, so the task waits in the queue: its claim comes before its message is acknowledged. */
  | { readonly kind: 'waiting' }
  /** Nothing could be asked. The id says that the task was accepted. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'gone' }
  /** Another request used the idempotency key of this one, with other content, and came first. */
  | { readonly kind: 'reused'; readonly winner: string };

/** True when nothing more will happen under the id. */
export function hasEnded(reading: Reading): boolean {
  if (reading.kind === 'known') return isTerminal(reading.view.record.state);
  return reading.kind === 'gone' || reading.kind === 'reused';
}

export interface TaskReaderOptions {
  readonly cache: QuickCache;
  readonly lookups: Lookups;
  readonly clock: Clock;
  readonly retention: Pick<Retention, 'bodiesMs' | 'horizonMs'>;
}

/** Stands in the cache for a task that the database has no row of: any copy of the row is newer. */
const WAITING = 'waiting';

/** Reads tasks: from the cache, else from the database, else from what their id says. */
export class TaskReader {
  readonly #options: TaskReaderOptions;

  constructor(options: TaskReaderOptions) {
    this.#options = options;
  }

  /**
   * Never rejects.
   * @param id of the tenant
   * @param freshness `copy` takes what the cache has, which may be two seconds old; `fresh` only if it can not change
   */
  async read(id: TaskId, tenant: string, freshness: 'copy' | 'fresh'): Promise<Reading> {
    const entry = await this.#options.cache.get(taskViewKey(id.text));
    if (entry?.value === WAITING && freshness === 'copy') return { kind: 'waiting' };
    const copy = entry && decodeTaskView(entry.value);
    if (copy && (freshness === 'copy' || isTerminal(copy.record.state))) return reading(id, tenant, copy);
    const lookup = await this.#options.lookups.find(id);
    if (!lookup) return copy ? reading(id, tenant, copy) : { kind: 'unknown' };
    return this.#interpret(id, tenant, lookup);
  }

  /** Keeps a copy where every gateway finds it. */
  remember(view: TaskView): void {
    const { cache, clock, retention } = this.#options;
    const { id, state, version, finishedAt } = view.record;
    const age = finishedAt === undefined ? 0 : clock.now() - finishedAt;
    const ttlMs = taskViewTtlMs(state, retention.bodiesMs) - Math.max(0, age);
    if (ttlMs > 0) cache.set(taskViewKey(id), { version, value: encodeTaskView(view), ttlMs });
  }

  #interpret(id: TaskId, tenant: string, lookup: Lookup): Reading {
    if (lookup.kind === 'found') {
      const view = { record: lookup.record, result: lookup.result };
      this.remember(view);
      return reading(id, tenant, view);
    }
    const { cache, clock, retention } = this.#options;
    if (lookup.kind === 'gone' || clock.now() - id.time > retention.horizonMs) return { kind: 'gone' };
    const ttlMs = taskViewTtlMs('queued', retention.bodiesMs);
    cache.set(taskViewKey(id.text), { version: FIRST_VERSION, value: WAITING, ttlMs });
    return { kind: 'waiting' };
  }
}

function reading(id: TaskId, tenant: string, view: TaskView): Reading {
  if (view.record.tenant !== tenant) return { kind: 'gone' };
  const winner = winnerOver(id, view.record.id);
  return winner === undefined ? { kind: 'known', view } : { kind: 'reused', winner };
}
