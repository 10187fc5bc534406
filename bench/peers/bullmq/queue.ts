import { ENGINE_URL } from '../command-line.ts';

/** The name that both ends use. */
export const QUEUE = 'tasks';

/** What BullMQ gives to ioredis. `null` is demanded of workers. @see https://docs.bullmq.io/guide/connections */
export const CONNECTION = { url: ENGINE_URL, maxRetriesPerRequest: null } as const;
