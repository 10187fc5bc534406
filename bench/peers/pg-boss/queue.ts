import type { PgBoss } from 'pg-boss';
import { NOTIFY } from '../command-line.ts';

/** The name that both ends use. */
export const QUEUE = 'tasks';

/**
 * Each insert wakes the worker by NOTIFY, or the worker finds the jobs when it next polls. To be woken is quicker; but
 * PostgreSQL lets only one transaction that notifies commit at a time, so accepting is slower. Both are measured.
 * @see https://pgboss.io/api/queues
 */
export async function createQueue(boss: PgBoss): Promise<void> {
  await boss.createQueue(QUEUE, { notify: NOTIFY });
}
