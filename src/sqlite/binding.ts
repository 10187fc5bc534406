import Libsql from 'libsql';

/** What a SQLite column holds here. */
export type SqlValue = string | number | null;

export type SqlRow = readonly SqlValue[];

export interface Statement {
  /** Runs the statement; returns how many rows it changed. */
  run(...values: SqlValue[]): number;
  /** The first row, as an array. */
  get(...values: SqlValue[]): SqlRow | undefined;
  all(...values: SqlValue[]): SqlRow[];
}

/** One connection to one SQLite file. Everything else of Sluice that needs SQLite goes through this interface. */
export interface Connection {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  /** Rowid of the row inserted last. */
  lastInsertRowid(): number;
  close(): void;
}

/** @param busyTimeoutMs how long to wait for a lock that another connection holds */
export function openConnection(file: string, busyTimeoutMs: number): Connection {
  const database = new Libsql(file, { timeout: busyTimeoutMs });
  let lastRowid = 0;
  return {
    prepare(sql) {
      const statement = database.prepare(sql);
      if (statement.reader) statement.raw();
      return {
        run(...values) {
          const { changes, lastInsertRowid } = statement.run(bindable(values));
          lastRowid = Number(lastInsertRowid);
          return changes;
        },
        get: (...values) => statement.get(bindable(values)) as SqlRow | undefined,
        all: (...values) => statement.all(bindable(values)) as SqlRow[],
      };
    },
    exec: (sql) => {
      database.exec(sql);
    },
    lastInsertRowid: () => lastRowid,
    close: () => {
      database.close();
    },
  };
}

/**
 * libsql aborts the whole process on a value that it can not bind (`undefined`, an object), and gives a text back only up
 * to the first NUL, so neither gets there.
 */
function bindable(values: SqlValue[]): SqlValue[] {
  for (const value of values) {
    if (typeof value === 'string' && value.includes('\0')) {
      throw new TypeError('can not bind a text that holds NUL');
    }
    if (typeof value !== 'string' && typeof value !== 'number' && value !== null) {
      throw new TypeError(`can not bind a value of type ${typeof value}`);
    }
  }
  return values;
}
