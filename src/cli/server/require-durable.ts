import { SluiceError } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import type { WorkerProcess } from '../../sluice.ts';

/** What a process does: everything, serve the API, or run tasks. */
export type Role = 'all' | 'gateway' | 'worker';

/**
 * Refuses engines that can lose what they confirm, and those that do not say whether they do. A gateway alone confirms
 * with the queue: it starts while the database is away, so that accepting never depends on it.
 * @throws SluiceError `SLUICE_DURABILITY_INSUFFICIENT`
 */
export async function requireDurable(process: Pick<WorkerProcess, 'health'>, role: Role): Promise<void> {
  const { queue, database } = await process.health();
  if (!queue.durable) throw insufficient('queue', queue);
  if (database.durable || (role === 'gateway' && !database.ok)) return;
  throw insufficient('database', database);
}

function insufficient(engine: string, { ok, durability, reason }: Health): SluiceError {
  const unknown = `it can not be asked what it promises (${reason ?? 'no answer'})`;
  return new SluiceError('SLUICE_DURABILITY_INSUFFICIENT', { engine, reason: ok ? durability : unknown });
}
