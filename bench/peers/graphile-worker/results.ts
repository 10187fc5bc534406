import { Pool } from 'pg';

/**
 * Finished jobs are deleted, and nothing that a handler returns is kept, so results need a table of one's own.
 * @see https://worker.graphile.org/docs/tasks
 */
export const RESULTS_TABLE = `
  create table if not exists results (job_id bigint primary key, result json not null)
`;

export function openPool(connections: number): Pool {
  return new Pool({ connectionString: process.argv[2] ?? '', max: connections });
}
