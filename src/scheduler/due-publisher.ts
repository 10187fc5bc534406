import { BatchSize } from '../core/batch-size.ts';
import type { Database, Due } from '../database/database.ts';
import { timedOut } from '../database/timed-out.ts';
import type { Connectivity } from './connectivity.ts';
import type { Service } from './loop.ts';
import type { Republisher } from './republisher.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

const MAX_BATCH = 500;

/** Puts scheduled tasks that are due back into the queue. What it does not take stays scheduled. */
export class DuePublisher implements Service {
  readonly name = 'the publishing of due tasks';
  readonly everyMs = 500;
  readonly #database: Pick<Database, 'due' | 'published'>;
  readonly #metrics: Pick<SchedulerOptions['metrics'], 'publishedAgain'>;
  readonly #republisher: Republisher;
  readonly #connectivity: Connectivity;
  readonly #size = new BatchSize(MAX_BATCH);

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
    const { tasks, more } = await this.#due();
    const { left, published, failure } = await this.#republisher.publish(tasks);
    // Of a task that has failed for its message, the version has moved on.
    const done = tasks.filter(({ id }) => !left.has(id)).map(({ id, version }) => ({ id, version }));
    if (done.length > 0) await this.#database.published(done);
    this.#metrics.publishedAgain(published);
    if (left.size > 0) throw failure;
    return more;
  }

  /** The database is asked here more often than anywhere else, so this tells whether it answers. */
  async #due(): Promise<Due> {
    const limit = this.#size.items;
    try {
      const due = await this.#database.due(limit);
      this.#connectivity.succeeded(due.now);
      this.#size.succeeded();
      return due;
    } catch (error) {
      if (timedOut(error)) this.#size.timedOut(limit);
      this.#connectivity.failed();
      throw error;
    }
  }
}
