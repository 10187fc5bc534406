import type { ClientBase } from 'pg';
import type { Health } from '../../core/health.ts';
import { durability } from './durability.ts';
import { appliedSteps, MIGRATIONS } from './migrations.ts';
import { withConnection } from './one-connection.ts';
import type { Server } from './server.ts';

export interface DatabaseReport {
  readonly health: Health;
  readonly schema: string;
  /** Of the tables; 0 where there are none. */
  readonly version: number;
  /** That this release brings them to. */
  readonly newest: number;
  /** Whether this user has the right to. */
  readonly mayMigrate: boolean;
  /** False for a server that is too old. */
  readonly supported: boolean;
}

const TIMEOUT_MS = 5000;
const OLDEST_SUPPORTED = 130_000;

/**
 * Looks at the server and at the tables, and changes neither.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for the URL, `SLUICE_DATABASE_UNUSABLE`, `SLUICE_ENGINE_UNREACHABLE`
 */
export async function examinePostgres(url: string): Promise<DatabaseReport> {
  return withConnection({ url, timeoutMs: TIMEOUT_MS }, async (client, { schema, failover }) => {
    const version = await appliedSteps(client, schema);
    return {
      health: await durability(asServer(client), failover),
      schema,
      version,
      newest: MIGRATIONS.length,
      mayMigrate: await answer<boolean>(client, version === 0 ? MAY_MAKE : MAY_CHANGE, schema),
      supported: (await answer<number>(client, SERVER_VERSION)) >= OLDEST_SUPPORTED,
    };
  });
}

const SERVER_VERSION = `SELECT current_setting('server_version_num')::integer`;
/** The schema where there is none, or the tables in it. */
const MAY_MAKE = `SELECT coalesce(
  (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = $1),
  has_database_privilege(current_database(), 'CREATE'))`;
const MAY_CHANGE = `SELECT pg_has_role(tableowner, 'USAGE') FROM pg_catalog.pg_tables
  WHERE schemaname = $1 AND tablename = 'migration'`;

async function answer<T>(client: ClientBase, text: string, ...values: readonly unknown[]): Promise<T> {
  const { rows } = await client.query<[T]>({ text, values: [...values], rowMode: 'array' });
  const [row] = rows;
  if (!row) throw new Error('the server gave no row');
  return row[0];
}

/** As it is: no tables are made first. */
function asServer(client: ClientBase): Server {
  return { ask: (_name, sql, ...values) => answer(client, sql, ...values), now: () => null };
}
