import { Queue } from 'bullmq';
import { type Input, type Result, serve, type Task } from '../http-api.ts';
import { CONNECTION, QUEUE } from './queue.ts';

const queue = new Queue<Input, Result>(QUEUE, { connection: CONNECTION });
await queue.waitUntilReady();

await serve({
  async accept(input) {
    const { id = '' } = await queue.add('length', input);
    return id;
  },
  async read(id): Promise<Task | undefined> {
    const job = await queue.getJob(id);
    if (!job) return undefined;
    // What `job.getState()` tells of a job that has ended, without a second request to Redis.
    if (job.finishedOn === undefined) return { status: 'queued' };
    if (job.failedReason) return { status: 'failed' };
    return { status: 'succeeded', result: job.returnvalue };
  },
  close: () => queue.close(),
});
