import { byAddress } from '../../core/by-address.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { decodeMessage } from '../../core/message.ts';
import type { State } from '../../core/state.ts';
import type { Progress, TaskRecord } from '../../core/task-record.ts';
import { encodeTaskView, taskViewKey, taskViewTtlMs } from '../../core/task-view.ts';
import { encodeTaskSignal, taskTopic } from '../../core/topics.ts';
import type { Cache } from '../../cache/cache.ts';
import type { Database, Outcome } from '../../database/database.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Signals } from '../../signals/signals.ts';

export interface AnnouncerOptions {
  readonly queue: Pick<Queue, 'publish'>;
  readonly database: Pick<Database, 'followUpsPublished'>;
  readonly cache: Pick<Cache, 'set'>;
  readonly signals: Pick<Signals, 'publish'>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'followUps'>;
  readonly bodiesMs: number;
  readonly onScheduled: () => void;
}

/** Tells what the database has recorded: cache first, so that who hears the signal and reads finds it; then the signal;
 * then the tasks that the handler enqueued. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #pending = new Set<Promise<void>>();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  settled(record: TaskRecord, outcome: Outcome): void {
    const work = this.#announce(record, outcome);
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  moved(id: string, state: State, version: number): void {
    this.#options.signals.publish(taskTopic(id), encodeTaskSignal({ state, version }));
  }

  progress(id: string, progress: Progress): void {
    this.#options.signals.publish(taskTopic(id), encodeTaskSignal({ progress }));
  }

  /** Resolves when all is told. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #announce(record: TaskRecord, outcome: Outcome): Promise<void> {
    const { cache, bodiesMs, onScheduled } = this.#options;
    const { id, state, version } = record;
    const succeeded = outcome.kind === 'succeeded' && state === 'succeeded';
    const value = encodeTaskView(succeeded ? { record, result: outcome.result } : { record });
    await cache.set(taskViewKey(id), { version, value, ttlMs: taskViewTtlMs(state, bodiesMs) });
    this.moved(id, state, version);
    // A slot of its concurrency key came free, too.
    if (state === 'scheduled' || record.concurrencyKey !== undefined) onScheduled();
    if (succeeded && outcome.followUps.length > 0) await this.#followUp(id, outcome.followUps);
  }

  async #followUp(id: string, bodies: readonly string[]): Promise<void> {
    const { queue, database, logger, metrics } = this.#options;
    try {
      const messages = bodies.map((body) => {
        const { queue: name, priority, lane } = decodeMessage(body);
        return { address: { queue: name, priority, lane }, body };
      });
      // Each address by itself: one that can not be published to must not hold up the others.
      const publishing = byAddress(messages).map(async (group) => queue.publish(group));
      await Promise.allSettled(publishing);
      await Promise.all(publishing);
      metrics.followUps(bodies.length);
      await database.followUpsPublished([id]);
    } catch (error) {
      // The row keeps them until they are confirmed; the scheduler publishes what is left.
      logger.warn('tasks that a task enqueued wait to be published', {
        taskId: id,
        reason: messageOf(error),
      });
    }
  }
}
