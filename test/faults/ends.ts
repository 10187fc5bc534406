import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskShown } from '../system/client.ts';

const CONNECTIONS = 32;
const PATIENCE_MS = 300_000;
const PAUSE_MS = 500;

/**
 * Asks for every task until each has succeeded.
 * @throws Error as soon as one is not known or has another end, or when they have not ended in five minutes
 */
export async function allSucceed(url: string, ids: readonly string[]): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  const left = [...ids];
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) await succeeds(url, id, until);
    }),
  );
}

async function succeeds(url: string, id: string, until: number): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/v1/tasks/${id}`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${id}: ${response.status} ${text}`);
    const { status } = JSON.parse(text) as TaskShown;
    if (status === 'succeeded') return;
    if (['failed', 'cancelled', 'expired'].includes(status)) throw new Error(`${id}: ${text}`);
    if (performance.now() > until) throw new Error(`${id} has not ended: ${text}`);
    await sleep(PAUSE_MS);
  }
}
