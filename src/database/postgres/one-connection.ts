import type { ClientBase } from 'pg';
import { SluiceError, messageOf } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import { parsePostgresUrl, type PostgresPlace } from './connection-url.ts';
import { refusalOf } from './postgres-fault.ts';
import { PrimaryPool } from './primary-pool.ts';

export interface OneConnectionOptions {
  /** See docs/drivers/postgres.md. */
  readonly url: string;
  /** Milliseconds that a statement may take. */
  readonly timeoutMs: number;
}

const CONNECT_MS = 2000;

/**
 * Does `work` over one connection to the primary, once: for an operator, who is told what went wrong.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for the URL, `SLUICE_DATABASE_UNUSABLE` for a file that it names or with
 *   what the server refuses, and `SLUICE_ENGINE_UNREACHABLE` where none answers
 */
export async function withConnection<T>(
  { url, timeoutMs }: OneConnectionOptions,
  work: (client: ClientBase, place: PostgresPlace) => Promise<T>,
): Promise<T> {
  const place = parsePostgresUrl(url);
  const pool = new PrimaryPool({
    hosts: place.hosts,
    logger: silentLogger,
    connections: 1,
    connectTimeoutMs: CONNECT_MS,
    statementTimeoutMs: timeoutMs,
  });
  try {
    return await pool.use((client) => work(client, place));
  } catch (thrown) {
    throw explained(thrown);
  } finally {
    await pool.close();
  }
}

function explained(thrown: unknown): SluiceError {
  const refusal = refusalOf(thrown);
  if (refusal !== undefined) {
    return new SluiceError('SLUICE_DATABASE_UNUSABLE', { reason: refusal }, { cause: thrown });
  }
  const reason = SluiceError.is(thrown) ? String(thrown.data['reason']) : messageOf(thrown);
  return new SluiceError('SLUICE_ENGINE_UNREACHABLE', { engine: 'database', reason }, { cause: thrown });
}
