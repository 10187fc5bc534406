import { SluiceError } from '../../core/errors.ts';
import { type Migrated, migrate, MIGRATIONS } from './migrations.ts';
import { withConnection } from './one-connection.ts';

/** A server process gives a migration no longer than any statement; whoever asks for nothing else has time. */
const TIMEOUT_MS = 600_000;

/**
 * Brings the tables up to date: the newest version is the number of steps that this release knows.
 * @param url see docs/drivers/postgres.md
 * @throws SluiceError `SLUICE_OPTION_INVALID` for the URL, `SLUICE_ENGINE_UNREACHABLE` and `SLUICE_DATABASE_UNUSABLE` with
 *   what the server says, `SLUICE_DATABASE_NEWER` where a newer release was here first
 */
export async function migratePostgres(url: string): Promise<Migrated & { readonly schema: string }> {
  const migrated = await withConnection({ url, timeoutMs: TIMEOUT_MS }, async (client, { schema }) => ({
    schema,
    ...(await migrate(client, { schema })),
  }));
  const { schema, from: version } = migrated;
  const newest = MIGRATIONS.length;
  if (version > newest) throw new SluiceError('SLUICE_DATABASE_NEWER', { schema, version, newest });
  return migrated;
}
