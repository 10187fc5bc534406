import type { Connection } from './binding.ts';
import type { OperationModule } from './operation-module.ts';

/** Brings the tables of every module up to date, in one transaction. */
export function migrate(connection: Connection, modules: readonly OperationModule[]): void {
  connection.exec('CREATE TABLE IF NOT EXISTS migration (module TEXT PRIMARY KEY, applied INTEGER NOT NULL)');
  const applied = connection.prepare('SELECT applied FROM migration WHERE module = ?');
  const note = connection.prepare('INSERT OR REPLACE INTO migration (module, applied) VALUES (?, ?)');
  connection.exec('BEGIN IMMEDIATE');
  for (const { name, migrations } of modules) {
    const done = Number(applied.get(name)?.[0] ?? 0);
    if (done > migrations.length) {
      throw new Error(
        `it was written by a newer release (${name} ${done}; this one knows ${migrations.length})`,
      );
    }
    for (const sql of migrations.slice(done)) connection.exec(sql);
    note.run(name, migrations.length);
  }
  connection.exec('COMMIT');
}
