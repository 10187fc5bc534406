import type { Database, DueTask } from '../database/database.ts';
import type { Connectivity } from './connectivity.ts';
import type { Service } from './loop.ts';
import type { Republisher } from './republisher.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

const BATCH = 500;

/** Puts scheduled tasks that are due back into the queue. A full queue leaves them scheduled. */
export class DuePublisher implements Service {
  readonly name = 'the publishing of due tasks';
  readonly everyMs = 500;
  readonly #database: Pick<Database, 'due' | 'published'>;
  readonly #metrics: Pick<SchedulerOptions['metrics'], 'publishedAgain'>;
  readonly #republisher: Republisher;
  readonly #connectivity: Connectivity;

  constructor(
    { database, metrics }: Pick<SchedulerOptions, 'database' | 'metrics'>,
    republisher: Republisher,
    connectivity: Connectivity,
  ) {
    this.#database = database;
    this.#metrics = metrics;
    this.#republisher = republisher;
    this.#connectivity = connectivity;
  }

  async run(): Promise<boolean> {
    const due = await this.#due();
    const published = await this.#republisher.publish(due);
    // Of a task that has failed for its message, the version has moved on.
    if (due.length > 0) await this.#database.published(due.map(({ id, version }) => ({ id, version })));
    this.#metrics.publishedAgain(published);
    return due.length === BATCH;
  }

  /** The database is asked here more often than anywhere else, so this tells whether it answers. */
  async #due(): Promise<readonly DueTask[]> {
    try {
      const { tasks, now } = await this.#database.due(BATCH);
      this.#connectivity.succeeded(now);
      return tasks;
    } catch (error) {
      this.#connectivity.failed();
      throw error;
    }
  }
}
