import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
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
    const { code, text } = await get(url);
    if (code !== 200) return `${code} ${text}`;
    const { status } = JSON.parse(text) as TaskShown;
    if (status === 'succeeded') return undefined;
    if (['failed', 'cancelled', 'expired'].includes(status) || performance.now() > until) return text;
    await sleep(PAUSE_MS);
  }
}

/** Rejects where there is no answer, and says why, which `fetch` keeps to itself. */
async function get(url: string): Promise<{ code: number; text: string }> {
  try {
    const response = await fetch(url);
    return { code: response.status, text: await response.text() };
  } catch (error) {
    throw new Error(`${url}: ${inspect(error instanceof Error ? error.cause : error)}`, { cause: error });
  }
}
