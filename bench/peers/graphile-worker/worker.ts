import { Logger, run as start } from 'graphile-worker';
import { type Input, ready, run } from '../http-api.ts';
import { createResults, openPool, resultStore } from './results.ts';

/**
 * What its authors measure it with (https://worker.graphile.org/docs/performance), and a poll that is soon there for a job
 * that no fetch has found. @see https://worker.graphile.org/docs/config
 */
const WORKER = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  pollInterval: 100,
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
} as const;

/** It tells of every job otherwise. @see https://worker.graphile.org/docs/library/logger */
const logger = new Logger(() => (level, message) => {
  if (level === 'error' || level === 'warning') console.error(message);
});
const pool = openPool(WORKER.maxPoolSize);
await createResults(pool);
const store = resultStore(pool);
const runner = await start({
  pgPool: pool,
  noHandleSignals: true,
  preset: { worker: { ...WORKER, logger } },
  taskList: {
    async length(input, { job }) {
      await store({ jobId: job.id, result: run(input as Input) });
    },
  },
});
ready(async () => {
  await runner.stop();
  await pool.end();
});
