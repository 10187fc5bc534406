import { Worker } from 'bullmq';
import { type Input, ready, type Result, run } from '../http-api.ts';
import { CONNECTION, QUEUE } from './queue.ts';

/**
 * "Something between 100 and 300" is what its authors name; and a job that has nothing to wait for in its handler still
 * waits for Redis to store its result. @see https://docs.bullmq.io/guide/parallelism-and-concurrency
 */
const CONCURRENCY = 100;

const worker = new Worker<Input, Result>(QUEUE, async ({ data }) => run(data), {
  connection: CONNECTION,
  concurrency: CONCURRENCY,
});
await worker.waitUntilReady();
ready(() => worker.close());
