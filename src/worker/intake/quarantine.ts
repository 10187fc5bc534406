import { messageOf, type SluiceError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { type Address, FIRST_LANE } from '../../core/message.ts';
import type { Random } from '../../core/random.ts';
import { RESERVED_QUEUE } from '../../core/task.ts';
import { readTaskId } from '../../core/task-id.ts';
import type { Database, Rejection } from '../../database/database.ts';
import type { Delivery, Queue } from '../../queue/queue.ts';
import type { Source } from './intake.ts';
import { Backoff } from '../backoff.ts';
import type { WorkerTiming } from '../timing.ts';

/** Where messages are kept that can not be used, for a person to look at. */
export const QUARANTINE: Address = { queue: RESERVED_QUEUE, priority: 'normal', lane: FIRST_LANE };

export interface QuarantineOptions {
  readonly queue: Pick<Queue, 'publish'>;
  readonly database: Pick<Database, 'reject'>;
  readonly random: Random;
  readonly logger: Logger;
  readonly timing: WorkerTiming;
}

/** Takes messages out of the way that nobody can use, without losing them. */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #closing = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  #kept = 0;

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** How many messages were kept since the start. */
  get kept(): number {
    return this.#kept;
  }

  /**
   * Keeps the message in quarantine, then acknowledges it. Until then it stays unacknowledged.
   * @param error recorded as the end of its task, where one can be told; leave it out where the task may have run
   */
  keep(delivery: Delivery, source: Source, error?: SluiceError): void {
    const work = this.#keep(delivery, source, error);
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  /** Stops trying; what is not kept yet is delivered again. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#pending);
  }

  async #keep(delivery: Delivery, source: Source, error: SluiceError | undefined): Promise<void> {
    const { queue, database, logger } = this.#options;
    const { body } = delivery;
    const rejection = error && rejectionOf(body, error);
    const done =
      (await this.#untilDone(async () => queue.publish([{ address: QUARANTINE, body }]))) &&
      (!rejection || (await this.#untilDone(async () => database.reject([rejection]))));
    if (!done) return;
    this.#kept += 1;
    const reason = error ? messageOf(error) : 'it is too old to tell whether its task has run';
    logger.error('a message went into quarantine', { taskId: rejection?.id.text, reason });
    // If this fails it comes again, and is kept once more.
    await source.consumer?.ack([delivery]).catch(() => undefined);
  }

  /** False when this was closed first. */
  async #untilDone(attempt: () => Promise<unknown>): Promise<boolean> {
    const { timing, random, logger } = this.#options;
    const backoff = new Backoff(timing, random);
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await attempt();
        return true;
      } catch (error) {
        logger.warn('a message can not be put into quarantine yet', { reason: messageOf(error) });
        await backoff.pause(signal);
      }
    }
    return false;
  }
}

/** What can be told of the task, from a message of which not even the format may be known. */
function rejectionOf(body: string, { code, message }: SluiceError): Rejection | undefined {
  const head = headOf(body);
  const id = typeof head['id'] === 'string' ? readTaskId(head['id']) : undefined;
  if (!id || typeof head['tenant'] !== 'string') return undefined;
  const task = typeof head['task'] === 'string' ? head['task'] : '';
  return { id, tenant: head['tenant'], task, error: { code, message } };
}

function headOf(body: string): Record<string, unknown> {
  try {
    const head: unknown = JSON.parse(body.slice(0, body.indexOf('\n')));
    return typeof head === 'object' && head !== null ? (head as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
