import type { ClientBase } from 'pg';
import { messageOf } from '../../core/errors.ts';
import { CLAIM } from './schema/claim.ts';
import { END_WAITING } from './schema/end-waiting.ts';
import { SETTLE } from './schema/settle.ts';
import { SLOTS } from './schema/slots.ts';
import { TABLES } from './schema/tables.ts';

/**
 * Steps, each applied once. Only ever appended to, and what they hold is never edited once released. A step only adds:
 * the release before it goes on working, so a new column is nullable or has a default, and a function that changes gets
 * a new name. What nothing uses any more is dropped two releases later.
 */
export const MIGRATIONS: readonly string[] = [TABLES, SLOTS, CLAIM, SETTLE, END_WAITING];

/** What a step that has to lock a table may make the running release wait. */
const LOCK_TIMEOUT_MS = 5000;

export interface MigrationOptions {
  readonly schema: string;
  readonly steps?: readonly string[];
}

/** Puts the name of the schema where SQL says `sluice.` */
export function inSchema(schema: string, sql: string): string {
  return schema === 'sluice' ? sql : sql.replaceAll(/\bsluice\./g, `${quoted(schema)}.`);
}

/** The version of the tables: how many steps were applied to them, none where they are not there. */
export interface Migrated {
  readonly from: number;
  /** `from` where there was nothing to do. */
  readonly to: number;
}

/**
 * Brings the tables up to date, in one transaction. Processes that start together wait for each other, and one of them
 * does it. Where a newer release was here first, there is nothing to do.
 */
export async function migrate(client: ClientBase, options: MigrationOptions): Promise<Migrated> {
  const { schema, steps = MIGRATIONS } = options;
  const found = await appliedSteps(client, schema);
  if (found >= steps.length) return { from: found, to: found };
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`sluice:${schema}`]);
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    const applied = await appliedSteps(client, schema);
    if (applied === 0) await lay(client, schema);
    for (const [index, sql] of steps.entries()) {
      if (index < applied) continue;
      await client.query(inSchema(schema, sql));
      await client.query(inSchema(schema, 'INSERT INTO sluice.migration (step) VALUES ($1)'), [index + 1]);
    }
    await client.query('COMMIT');
    return { from: applied, to: Math.max(applied, steps.length) };
  } catch (thrown) {
    // Nothing against an item, and the connection, in the middle of it, is of no use any more.
    throw new Error(`the tables can not be brought up to date: ${messageOf(thrown)}`, { cause: thrown });
  }
}

export async function appliedSteps(client: ClientBase, schema: string): Promise<number> {
  // Not by to_regclass(): within a transaction it remembers what there was not.
  const { rows: tables } = await client.query(
    `SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'migration'`,
    [schema],
  );
  if (tables.length === 0) return 0;
  const { rows } = await client.query<{ step: number }>(
    inSchema(schema, 'SELECT coalesce(max(step), 0) AS step FROM sluice.migration'),
  );
  return rows[0]?.step ?? 0;
}

/** The foundation. */
async function lay(client: ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query('SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema]);
  // With IF NOT EXISTS it would ask for the right to make one that is there.
  if (rows.length === 0) await client.query(`CREATE SCHEMA ${quoted(schema)}`);
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${quoted(schema)}.migration (
       step integer PRIMARY KEY,
       applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  );
}

function quoted(schema: string): string {
  return `"${schema.replaceAll('"', '""')}"`;
}
