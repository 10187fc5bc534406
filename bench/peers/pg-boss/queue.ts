/** The name that both ends use. */
export const QUEUE = 'tasks';

export const CONNECTION_STRING = process.argv[2] ?? '';

/**
 * Whether each `send()` wakes the worker by NOTIFY, or the worker finds it when it next polls. To be woken is quicker;
 * but PostgreSQL lets only one transaction that notifies commit at a time, so accepting is slower. Both are measured.
 * @see https://pgboss.io/api/queues
 */
export const NOTIFY = process.argv[3] === 'notify';
