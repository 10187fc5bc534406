import { PgBoss } from 'pg-boss';
import { ENGINE_URL, NOTIFY } from '../command-line.ts';
import { type Input, ready, type Result, run } from '../http-api.ts';
import { createQueue, QUEUE } from './queue.ts';

/** One large batch at a time was quicker than several small ones (`localConcurrency`). @see https://pgboss.io/api/workers */
const WORK = {
  batchSize: 100,
  // Stores a result of its own for each job of a batch.
  perJobResults: true,
  // Goes on fetching as long as each batch is full.
  burstWhenBatchFull: true,
  // The least that it takes.
  pollingIntervalSeconds: 0.5,
} as const;

const boss = new PgBoss({ connectionString: ENGINE_URL, useListenNotify: NOTIFY });
boss.on('error', (error) => console.error(error));
await boss.start();
await createQueue(boss);
await boss.work<Input, Result, typeof WORK>(QUEUE, WORK, async (jobs) =>
  jobs.map(({ id, data }) => ({ id, status: 'completed' as const, output: run(data) })),
);
ready(() => boss.stop());
