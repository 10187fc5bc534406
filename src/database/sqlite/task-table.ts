import { isTerminal, type State } from '../../core/state.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { Connection, Statement } from '../../sqlite/binding.ts';
import {
  CHANGED_COLUMNS,
  COLUMNS,
  INSERTED_COLUMNS,
  INSERTED_PLACES,
  type TaskRow,
  changedValues,
  insertedValues,
  rowOf,
} from './task-row.ts';

/** The table `task` and the texts that lie apart from it. */
export class TaskTable {
  readonly #connection: Connection;
  readonly #byPk: Statement;
  readonly #byIdentity: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #insertBody: Statement;
  readonly #insertResult: Statement;
  readonly #tombstone: Statement;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#byPk = connection.prepare(`SELECT ${COLUMNS} FROM task WHERE pk = ?`);
    this.#byIdentity = connection.prepare(`SELECT ${COLUMNS} FROM task WHERE identity = ? AND keyed = 1`);
    this.#insert = connection.prepare(`INSERT INTO task (${INSERTED_COLUMNS}) VALUES (${INSERTED_PLACES})`);
    this.#update = connection.prepare(`UPDATE task SET ${CHANGED_COLUMNS} WHERE number = ?`);
    this.#insertBody = connection.prepare('INSERT OR REPLACE INTO task_body (number, body) VALUES (?, ?)');
    this.#insertResult = connection.prepare(
      'INSERT OR REPLACE INTO task_result (number, result) VALUES (?, ?)',
    );
    this.#tombstone = connection.prepare('SELECT 1 FROM tombstone WHERE identity = ?');
  }

  /** The row of the task, which for a keyed id may be that of another id with its identity. */
  find(id: TaskId): TaskRow | undefined {
    const values = this.#byPk.get(id.pk) ?? (id.keyed ? this.#byIdentity.get(id.identity) : undefined);
    return values && rowOf(values);
  }

  /** The row of exactly this primary key. */
  get(pk: string): TaskRow | undefined {
    const values = this.#byPk.get(pk);
    return values && rowOf(values);
  }

  /** Rows that a statement over `COLUMNS` finds. */
  select(sql: string): (...values: (string | number)[]) => TaskRow[] {
    const statement = this.#connection.prepare(`SELECT ${COLUMNS} FROM task ${sql}`);
    return (...values) => statement.all(...values).map(rowOf);
  }

  hasTombstone(identity: string): boolean {
    return this.#tombstone.get(identity) !== undefined;
  }

  /** Writes the row, new or changed. */
  save(row: TaskRow): void {
    if (row.number > 0) {
      this.#update.run(...changedValues(row));
    } else {
      this.#insert.run(...insertedValues(row));
      row.number = this.#connection.lastInsertRowid();
    }
  }

  keepBody(row: TaskRow, body: string): void {
    this.#insertBody.run(row.number, body);
  }

  keepResult(row: TaskRow, result: string): void {
    this.#insertResult.run(row.number, result);
  }
}

/** Moves the row to `state`: the next version, no lease, and the end noted where it is one. */
export function move(row: TaskRow, state: State, now: number): void {
  row.state = state;
  row.version += 1;
  row.changedAt = now;
  row.leaseHolder = undefined;
  row.leaseUntil = undefined;
  row.publishingUntil = undefined;
  row.dueAt = undefined;
  row.blockedNumber = undefined;
  if (isTerminal(state)) row.finishedAt = now;
}
