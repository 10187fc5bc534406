import type { Connection } from '../../sqlite/binding.ts';
import { isTerminal } from '../../core/state.ts';
import { type TaskTable, move } from './task-table.ts';
import type { TaskRow } from './task-row.ts';

/**
 * Slots of concurrency keys. A task takes one when it is claimed and has it until it ends; where the limit is above
 * one, a task that backs off lets go of it meanwhile. Under a limit of one that would let a successor overtake.
 */
export class Concurrency {
  readonly #tasks: TaskTable;
  readonly #taken: (key: string) => number;
  readonly #nextBlocked: (key: string) => TaskRow | undefined;
  readonly #lastBlocked: (key: string) => number;

  constructor(connection: Connection, tasks: TaskTable) {
    this.#tasks = tasks;
    const taken = connection.prepare('SELECT count(*) FROM task WHERE concurrency_key = ? AND slot = 1');
    const last = connection.prepare(
      `SELECT max(blocked_number) FROM task WHERE concurrency_key = ? AND state = 'blocked'`,
    );
    const next = tasks.select(
      `WHERE concurrency_key = ? AND state = 'blocked' ORDER BY blocked_number LIMIT 1`,
    );
    this.#taken = (key) => Number(taken.get(key)?.[0] ?? 0);
    this.#lastBlocked = (key) => Number(last.get(key)?.[0] ?? 0);
    this.#nextBlocked = (key) => next(key)[0];
  }

  /** Whoever is blocked already goes first. */
  isFree(key: string, limit: number): boolean {
    return this.#taken(key) < limit && this.#nextBlocked(key) === undefined;
  }

  /** Puts the row behind all that are blocked by its key. */
  block(row: TaskRow, now: number): void {
    move(row, 'blocked', now);
    row.blockedNumber = this.#lastBlocked(row.concurrencyKey ?? '') + 1;
  }

  /** Called with each row that has left `running`, or has ended while it waited, after it was saved. */
  letGo(row: TaskRow, now: number): void {
    if (!row.slot || row.concurrencyKey === undefined) return;
    if (!isTerminal(row.state) && (row.concurrencyLimit ?? 1) === 1) return;
    row.slot = false;
    this.#tasks.save(row);
    this.#release(row.concurrencyKey, now);
  }

  /** Promises free slots to those that wait longest; their message is published again. */
  #release(key: string, now: number): void {
    let next = this.#nextBlocked(key);
    while (next && this.#taken(key) < (next.concurrencyLimit ?? 1)) {
      move(next, 'scheduled', now);
      next.dueAt = now;
      next.slot = true;
      this.#tasks.save(next);
      next = this.#nextBlocked(key);
    }
  }
}
