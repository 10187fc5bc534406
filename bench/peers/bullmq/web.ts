import { Queue } from 'bullmq';
import { coalesce } from '../coalesce.ts';
import { BATCHED } from '../command-line.ts';
import { type Input, type Result, serve, type Task } from '../http-api.ts';
import { CONNECTION, QUEUE } from './queue.ts';

const NAME = 'length';

const queue = new Queue<Input, Result>(QUEUE, { connection: CONNECTION });
await queue.waitUntilReady();

async function add(input: Input): Promise<string> {
  const { id = '' } = await queue.add(NAME, input);
  return id;
}

/** One transaction of Redis. @see https://docs.bullmq.io/guide/queues/adding-bulks */
async function addBulk(inputs: readonly Input[]): Promise<string[]> {
  const jobs = await queue.addBulk(inputs.map((data) => ({ name: NAME, data })));
  return jobs.map(({ id = '' }) => id);
}

await serve({
  accept: BATCHED ? coalesce(addBulk) : add,
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
