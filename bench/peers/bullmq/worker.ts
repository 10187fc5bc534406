import { Worker } from 'bullmq';
import { type Input, ready, type Result, run } from '../http-api.ts';
import { CONNECTION, QUEUE } from './queue.ts';

/**
 * "Something between 100 and 300" where jobs wait for something, "a slight concurrency factor" where they do not, as
 * here: 16 took less of the processor than 32, 64 and 200. @see https://docs.bullmq.io/guide/parallelism-and-concurrency
 */
const CONCURRENCY = 16;

const worker = new Worker<Input, Result>(QUEUE, async ({ data }) => run(data), {
  connection: CONNECTION,
  concurrency: CONCURRENCY,
});
await worker.waitUntilReady();
ready(() => worker.close());
