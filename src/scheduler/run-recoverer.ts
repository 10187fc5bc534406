import type { TaskRecord } from '../core/task-record.ts';
import { encodeTaskView, taskViewKey, taskViewTtlMs } from '../core/task-view.ts';
import { encodeTaskSignal, taskTopic } from '../core/topics.ts';
import type { Database } from '../database/database.ts';
import type { Connectivity } from './connectivity.ts';
import type { Service } from './loop.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

/** How long this process has to have been in touch with the database before it may take another for dead. */
export const HEALTHY_MS = 15_000;
const BATCH = 200;

export interface RunRecovererOptions extends Pick<
  SchedulerOptions,
  'database' | 'cache' | 'signals' | 'metrics' | 'interruptionLimit' | 'retention'
> {
  readonly connectivity: Pick<Connectivity, 'healthyMs' | 'databaseNow'>;
  /** Something is due now. */
  readonly onScheduled: () => void;
}

/**
 * Schedules the runs whose worker gave no sign of life. An outage of the database keeps all workers from giving one, and
 * a clock of the database that is set makes it look so: only a process that was in touch with it all the time may draw
 * the conclusion, and only by the time that has really passed.
 */
export class RunRecoverer implements Service {
  readonly name = 'the recovery of lost runs';
  /** With a lease of 12 s, so often that what a dead worker ran begins elsewhere within 20 s. */
  readonly everyMs = 2000;
  readonly #options: RunRecovererOptions;

  constructor(options: RunRecovererOptions) {
    this.#options = options;
  }

  async run(): Promise<boolean> {
    const { healthyMs, databaseNow: before } = this.#options.connectivity;
    if (healthyMs >= HEALTHY_MS) await this.#recover({ before });
    return false;
  }

  /** Recovers every run there is: their process is known to be dead. */
  async recoverAll(): Promise<void> {
    await this.#recover({ all: true });
  }

  async #recover(which: Pick<Parameters<Database['recover']>[0], 'all' | 'before'>): Promise<void> {
    const { database, metrics, interruptionLimit, onScheduled } = this.#options;
    let page: readonly TaskRecord[];
    do {
      page = await database.recover({ limit: BATCH, interruptionLimit, ...which });
      metrics.recovered(page.length);
      await Promise.all(page.map((record) => this.#tell(record)));
      if (page.length > 0) onScheduled();
    } while (page.length === BATCH);
  }

  /** The cache first, so that who hears the signal and reads finds it. */
  async #tell(record: TaskRecord): Promise<void> {
    const { cache, signals, retention } = this.#options;
    const { id, state, version } = record;
    const ttlMs = taskViewTtlMs(state, retention.bodiesMs);
    await cache.set(taskViewKey(id), { version, value: encodeTaskView({ record }), ttlMs });
    signals.publish(taskTopic(id), encodeTaskSignal({ state, version }));
  }
}
