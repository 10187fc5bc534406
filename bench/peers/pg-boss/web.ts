import { randomUUID } from 'node:crypto';
import { PgBoss } from 'pg-boss';
import { coalesce } from '../coalesce.ts';
import { BATCHED, ENGINE_URL } from '../command-line.ts';
import { type Input, type Result, serve, type Task } from '../http-api.ts';
import { createQueue, QUEUE } from './queue.ts';

/** Commits of several connections share an fsync; more than this bring no more. @see https://pgboss.io/api/constructor (max) */
const CONNECTIONS = 20;

const STATUS = {
  created: 'queued',
  retry: 'queued',
  active: 'queued',
  completed: 'succeeded',
  cancelled: 'failed',
  failed: 'failed',
} as const;

// Maintenance and cron are the worker's. @see https://pgboss.io/api/constructor (supervise, schedule)
const boss = new PgBoss({
  connectionString: ENGINE_URL,
  max: CONNECTIONS,
  supervise: false,
  schedule: false,
});
boss.on('error', (error) => console.error(error));
await boss.start();
await createQueue(boss);

async function send(input: Input): Promise<string> {
  const id = await boss.send(QUEUE, input);
  if (id === null) throw new Error('pg-boss made no job');
  return id;
}

/** One statement. It does not say in which order it tells the ids, so they are given. @see https://pgboss.io/api/jobs */
async function insert(inputs: readonly Input[]): Promise<string[]> {
  const jobs = inputs.map((data) => ({ id: randomUUID(), data }));
  const stored = await boss.insert(QUEUE, jobs, { returnId: true });
  if (stored?.length !== jobs.length)
    throw new Error(`pg-boss made ${stored?.length} of ${jobs.length} jobs`);
  return jobs.map(({ id }) => id);
}

await serve({
  accept: BATCHED ? coalesce(insert) : send,
  async read(id): Promise<Task | undefined> {
    const [job] = await boss.findJobs<Input>(QUEUE, { id });
    if (!job) return undefined;
    const status = STATUS[job.state];
    return status === 'succeeded' ? { status, result: job.output as Result } : { status };
  },
  close: () => boss.stop(),
});
