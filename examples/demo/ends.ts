import { setTimeout } from 'node:timers/promises';
import type { Client } from './client.ts';

/** How a task ended. */
export interface Ended {
  /** Of the task itself, where a repeated request was given an id of its own. */
  readonly id: string;
  /** A terminal state; `lost` of a task that nothing is known of, or that has not ended in time. */
  readonly state: string;
  /** Milliseconds in the handler. */
  readonly ms: number;
}

const POLL_MS = 50;

/** @param deadline in milliseconds since the epoch */
export async function endsOf(client: Client, ids: readonly string[], deadline: number): Promise<Ended[]> {
  const ends: Ended[] = [];
  for (const id of ids) ends.push(await endOf(client, id, deadline));
  return ends;
}

async function endOf(client: Client, id: string, deadline: number): Promise<Ended> {
  for (;;) {
    const { status, body } = await client.insist('GET', `/v1/tasks/${id}`);
    const { status: state, startedAt, finishedAt } = body;
    if (typeof finishedAt === 'string') {
      const ms = Date.parse(finishedAt) - Date.parse(String(startedAt));
      return { id: String(body['id']), state: String(state), ms };
    }
    if (status !== 200 || Date.now() > deadline) return { id, state: 'lost', ms: 0 };
    await setTimeout(POLL_MS);
  }
}
