import { systemClock } from '../src/core/clock.ts';
import { silentLogger } from '../src/core/logger.ts';
import type { Address, Message } from '../src/core/message.ts';
import { systemRandom } from '../src/core/random.ts';
import { TaskIds } from '../src/core/task-id.ts';
import type { Retention } from '../src/database/database.ts';
import { SQLITE_DATABASE_MODULE, SqliteDatabase } from '../src/database/sqlite/sqlite-database.ts';
import type { Manifest } from '../src/manifest/manifest.ts';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from '../src/queue/embedded/embedded-queue.ts';
import { SqliteStore } from '../src/sqlite/sqlite-store.ts';

/** The embedded engines, with nobody at work on them. */
export interface Engines {
  readonly queue: EmbeddedQueue;
  readonly database: SqliteDatabase;
  readonly ids: TaskIds;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
export const RETENTION: Retention = { bodiesMs: 7 * DAY_MS, rowsMs: 30 * DAY_MS, horizonMs: 90 * DAY_MS };
export const ADDRESS: Address = { queue: 'default', priority: 'normal', lane: 0 };
export const SECRET = 'a secret of a bench, and no other';

/** 1 KiB of JSON. */
export const INPUT: string = JSON.stringify({ text: 'x'.repeat(1011) });

export const NOOP_MANIFEST: Manifest = {
  format: 1,
  hash: '',
  tasks: [
    {
      name: 'noop',
      queue: ADDRESS.queue,
      priority: ADDRESS.priority,
      retries: 0,
      backoffBaseMs: 1000,
      backoffCapMs: 1000,
      timeoutMs: 60_000,
      input: {
        type: 'object',
        properties: { text: { type: 'string' } },
        required: ['text'],
        additionalProperties: false,
      },
    },
  ],
};

export async function openEngines(folder: string): Promise<Engines> {
  const modules = [EMBEDDED_QUEUE_MODULE, SQLITE_DATABASE_MODULE];
  const store = await SqliteStore.open({ folder, modules, logger: silentLogger });
  const queue = await EmbeddedQueue.open({ store });
  return {
    queue,
    database: new SqliteDatabase({ store, clock: systemClock }),
    ids: new TaskIds([SECRET], systemClock, systemRandom),
    async close() {
      await queue.close();
      await store.close();
    },
  };
}

/** A new task with the input of 1 KiB, as a gateway would publish it. */
export function noopMessage(ids: TaskIds): Message {
  const id = ids.mint({ tenant: 'default', task: 'noop', content: [] });
  return {
    id: id.text,
    run: 1,
    tenant: 'default',
    task: 'noop',
    ...ADDRESS,
    publishedAt: id.time,
    input: INPUT,
  };
}
