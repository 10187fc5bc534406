import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Random } from '../core/random.ts';
import type { RedisAddress } from './redis-url.ts';

export interface RedisConnectionOptions {
  readonly address: RedisAddress;
  /** What the connection is for, in the log and, after `sluice-`, in the server's list of clients. */
  readonly name: string;
  readonly logger: Logger;
  readonly random: Random;
}

const CONNECT_MS = 2000;
/** A server that owes an answer for so long is given up, and connected to anew: its machine may be gone. */
const SILENCE_MS = 2000;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1000;
const CLOSE_MS = 200;

/**
 * Connects in the background, and again for ever. While there is no connection every command fails at once. Says in the
 * log, once each, that the server went away and that it is back.
 */
export function connectRedis({ address, name, logger, random }: RedisConnectionOptions): Redis {
  const redis = new Redis({
    ...address,
    connectionName: `sluice-${name}`,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disconnectTimeout: CLOSE_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // Asks for a right (INFO) that is needed for nothing else; while the server loads, it says so to each command.
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: (attempt) => retryDelay(attempt, random),
  });
  let told: string | undefined;
  redis.on('error', (error: unknown) => {
    const reason = reasonOf(error);
    if (reason !== told) logger.warn('Redis can not be reached; it is tried again', { for: name, reason });
    told = reason;
  });
  redis.on('ready', () => {
    if (told !== undefined) logger.info('Redis is back', { for: name });
    told = undefined;
  });
  return redis;
}

/** Sends what was written, and ends the connection. */
export async function closeRedis(redis: Redis): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    redis.once('end', resolve);
  });
  redis.disconnect();
  // There is no end to hear of where there was no connection.
  await Promise.race([ended, pause(CLOSE_MS)]);
}

/** True for what the server answered, as opposed to what came of its silence. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Exponential, with jitter, so that the clients of a server that comes back do not come all at once. */
function retryDelay(attempt: number, random: Random): number {
  const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.round(delay * (0.5 + random.fraction() / 2));
}

/** An error of several addresses says nothing itself. Never the error as a whole: it may hold what was sent. */
export function reasonOf(error: unknown): string {
  const [first]: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return messageOf(first);
}
