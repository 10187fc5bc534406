import { makeWorkerUtils } from 'graphile-worker';
import { type Result, serve, type Task } from '../http-api.ts';
import { openPool, RESULTS_TABLE } from './results.ts';

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
await pool.query(RESULTS_TABLE);

await serve({
  async accept(input) {
    const { id } = await utils.addJob('length', input);
    return id;
  },
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
