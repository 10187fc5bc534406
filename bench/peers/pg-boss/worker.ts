import { PgBoss } from 'pg-boss';
import { ENGINE_URL, NOTIFY } from '../command-line.ts';
import { type Input, ready, type Result, run } from '../http-api.ts';
import { createQueue, QUEUE } from './queue.ts';

/**
 * Woken, one large batch at a time was quicker than several small ones (`localConcurrency`). Polling, a batch has to be full
 * for the worker to go on, and there are never more than 64 tasks: of 2, 4, 8, 16 and 100, in turn on a busy machine, 8
 * was ahead by a little (131/s and a p50 of 472 ms; 100: 126/s and 515 ms). @see https://pgboss.io/api/workers
 */
const WORK = {
  batchSize: NOTIFY ? 100 : 8,
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
