import { PgBoss } from 'pg-boss';
import { type Input, type Result, serve, type Task } from '../http-api.ts';
import { CONNECTION_STRING, NOTIFY, QUEUE } from './queue.ts';

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
  connectionString: CONNECTION_STRING,
  max: CONNECTIONS,
  supervise: false,
  schedule: false,
});
boss.on('error', (error) => console.error(error));
await boss.start();
await boss.createQueue(QUEUE, { notify: NOTIFY });

await serve({
  async accept(input) {
    const id = await boss.send(QUEUE, input);
    if (id === null) throw new Error('pg-boss made no job');
    return id;
  },
  async read(id): Promise<Task | undefined> {
    const [job] = await boss.findJobs<Input>(QUEUE, { id });
    if (!job) return undefined;
    const status = STATUS[job.state];
    return status === 'succeeded' ? { status, result: job.output as Result } : { status };
  },
  close: () => boss.stop(),
});
