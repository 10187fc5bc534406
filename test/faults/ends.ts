import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskShown } from '../system/client.ts';

const CONNECTIONS = 32;
const PATIENCE_MS = 300_000;
const PAUSE_MS = 500;

/** Asks for every task until it has ended, for five minutes at most; what it tells are those that have not succeeded. */
export async function withoutSuccess(url: string, ids: readonly string[]): Promise<string[]> {
  const until = performance.now() + PATIENCE_MS;
  const left = [...ids];
  const found: string[] = [];
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        const shown = await lastAnswer(`${url}/v1/tasks/${id}`, until);
        if (shown !== undefined) found.push(`${id}: ${shown}`);
      }
    }),
  );
  return found;
}

/** Undefined where the task has succeeded. */
async function lastAnswer(url: string, until: number): Promise<string | undefined> {
  for (;;) {
    const response = await fetch(url);
    const text = await response.text();
    if (response.status !== 200) return `${response.status} ${text}`;
    const { status } = JSON.parse(text) as TaskShown;
    if (status === 'succeeded') return undefined;
    if (['failed', 'cancelled', 'expired'].includes(status) || performance.now() > until) return text;
    await sleep(PAUSE_MS);
  }
}
