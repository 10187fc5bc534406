import { Pool } from 'pg';
import { coalesce } from '../coalesce.ts';
import { ENGINE_URL } from '../command-line.ts';
import type { Result } from '../http-api.ts';

interface JobResult {
  readonly jobId: string;
  readonly result: Result;
}

/**
 * Finished jobs are deleted, and nothing that a handler returns is kept, so results need a table of one's own.
 * @see https://worker.graphile.org/docs/tasks
 */
const TABLE = 'create table if not exists results (job_id bigint primary key, result json not null)';

const INSERT = {
  name: 'insert',
  text: `
    insert into results (job_id, result) select * from unnest($1::bigint[], $2::json[])
    on conflict (job_id) do nothing
  `,
};

export function openPool(connections: number): Pool {
  return new Pool({ connectionString: ENGINE_URL, max: connections });
}

export async function createResults(pool: Pool): Promise<void> {
  await pool.query(TABLE);
}

/** Makes a function that stores results, of jobs that end while others are being stored in one commit. */
export function resultStore(pool: Pool): (result: JobResult) => Promise<unknown> {
  return coalesce(async (results) => {
    const ids = results.map(({ jobId }) => jobId);
    await pool.query({ ...INSERT, values: [ids, results.map(({ result }) => JSON.stringify(result))] });
    return ids;
  });
}
