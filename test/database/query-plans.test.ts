import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { operationModule } from '../../src/database/sqlite/database-operations.ts';
import { type Connection, openConnection } from '../../src/sqlite/binding.ts';
import { migrate } from '../../src/sqlite/migrate.ts';

/** The plan of every statement that the driver has prepared. */
function plans(): { sql: string; plan: string[] }[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-plans-'));
  const connection = openConnection(join(folder, 'plans.db'), 1000);
  onTestFinished(() => {
    connection.close();
    rmSync(folder, { recursive: true });
  });
  migrate(connection, [operationModule]);
  const prepared = new Set<string>();
  const recording: Connection = {
    ...connection,
    prepare: (sql) => {
      prepared.add(sql);
      return connection.prepare(sql);
    },
  };
  operationModule.writes(recording);
  operationModule.reads(recording);
  return [...prepared].map((sql) => ({
    sql,
    plan: connection
      .prepare(`EXPLAIN QUERY PLAN ${sql.replaceAll(/\?\d*/g, '1')}`)
      .all()
      .map(([, , , detail]) => String(detail)),
  }));
}

/** Reads a table from one end to the other, or sorts what it has found. Only the counts read the index of a state. */
const GROWS = /^SCAN (?!.* USING (COVERING )?INDEX task_)(?!\(subquery)|TEMP B-TREE/;

test('no statement of the embedded database reads or sorts more than it asks for', () => {
  const found = plans();
  expect(found.length).toBeGreaterThan(30);
  expect(found.filter(({ plan }) => plan.some((step) => GROWS.test(step)))).toEqual([]);
});
