import { encodeMessage } from '../src/core/message.ts';
import type { Claim } from '../src/database/database.ts';
import { ADDRESS, type Engines, noopMessage, RETENTION } from './engines.ts';

const BATCH = 1000;
const LEASE = { holder: 'bench', durationMs: 60_000 };

/** Publishes `count` tasks; returns the ids of the last thousand. */
export async function seedWaiting({ queue, ids }: Engines, count: number): Promise<string[]> {
  let last: string[] = [];
  for (let done = 0; done < count; done += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, count - done) }, () => noopMessage(ids));
    await queue.publish(messages.map((message) => ({ address: ADDRESS, body: encodeMessage(message) })));
    last = messages.map(({ id }) => id);
  }
  return last;
}

/** Has `count` tasks claimed and settled; returns their ids. */
export async function seedFinished({ database, ids }: Engines, count: number): Promise<string[]> {
  if (count === 0) return [];
  const claims = Array.from({ length: count }, (): Claim => {
    const message = noopMessage(ids);
    return { message, body: encodeMessage(message), horizonMs: RETENTION.horizonMs };
  });
  await database.claim(claims, LEASE);
  const outcome = { kind: 'succeeded', result: '{"bytes":1}', followUps: [] } as const;
  await database.settle(claims.map(({ message }) => ({ id: message.id, run: 1, outcome })));
  return claims.map(({ message }) => message.id);
}
