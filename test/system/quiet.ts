import { eventually } from '../../src/testing/eventually.ts';
import type { Client } from './client.ts';
import type { Server } from './server.ts';

const OPEN = ['queued', 'scheduled', 'blocked', 'running'];

/** Resolves when nothing is left to be done: the queue is empty, and no task waits or runs. */
export async function untilQuiet(server: Server, client: Client): Promise<void> {
  await eventually(
    'nothing is left to be done',
    async () =>
      (await openTasks(client)) === 0 && (await messagesOf(server)) === 0 && (await openTasks(client)) === 0,
  );
}

/** Messages in the queue, as the metrics tell. */
async function messagesOf({ metricsUrl }: Server): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const counts = [...text.matchAll(/^sluice_queue_messages\{[^}]*\} (\S+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

async function openTasks(client: Client): Promise<number> {
  const lists = await Promise.all(OPEN.map((state) => client.list(state)));
  return lists.flat().length;
}
