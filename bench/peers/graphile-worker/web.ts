import { makeWorkerUtils } from 'graphile-worker';
import { coalesce } from '../coalesce.ts';
import { BATCHED } from '../command-line.ts';
import { type Input, type Result, serve, type Task } from '../http-api.ts';
import { createResults, openPool } from './results.ts';

const TASK = 'length';

const CONNECTIONS = 20;

/** The view `jobs` is there to be asked. @see https://worker.graphile.org/docs/jobs-view */
const READ = {
  name: 'read',
  text: `
    select result, result is not null or exists (select from graphile_worker.jobs where id = $1) as known
    from (select (select result from results where job_id = $1) as result) found
  `,
};

interface Found {
  readonly result: Result | null;
  readonly known: boolean;
}

const pool = openPool(CONNECTIONS);
const utils = await makeWorkerUtils({ pgPool: pool });
await utils.migrate();
await createResults(pool);

async function addJob(input: Input): Promise<string> {
  const { id } = await utils.addJob(TASK, input);
  return id;
}

/** One statement. @see https://worker.graphile.org/docs/library/add-job */
async function addJobs(inputs: readonly Input[]): Promise<string[]> {
  const jobs = await utils.addJobs(inputs.map((payload) => ({ identifier: TASK, payload })));
  return jobs.map(({ id }) => id);
}

await serve({
  accept: BATCHED ? coalesce(addJobs) : addJob,
  async read(id): Promise<Task | undefined> {
    const { rows } = await pool.query<Found>({ ...READ, values: [id] });
    const [found] = rows;
    if (!found?.known) return undefined;
    return found.result ? { status: 'succeeded', result: found.result } : { status: 'queued' };
  },
  async close() {
    await utils.release();
    await pool.end();
  },
});
