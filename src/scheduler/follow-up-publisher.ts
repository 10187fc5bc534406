import type { Database } from '../database/database.ts';
import type { Service } from './loop.ts';
import type { Republisher } from './republisher.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

const BATCH = 100;

/** Queues the tasks that settled tasks have left, where the worker that settled could not. */
export class FollowUpPublisher implements Service {
  readonly name = 'the publishing of follow-ups';
  readonly everyMs = 5000;
  readonly #database: Pick<Database, 'followUps' | 'followUpsPublished'>;
  readonly #metrics: Pick<SchedulerOptions['metrics'], 'followUps'>;
  readonly #republisher: Republisher;

  constructor(
    { database, metrics }: Pick<SchedulerOptions, 'database' | 'metrics'>,
    republisher: Republisher,
  ) {
    this.#database = database;
    this.#metrics = metrics;
    this.#republisher = republisher;
  }

  async run(): Promise<boolean> {
    const left = await this.#database.followUps(BATCH);
    const published = await this.#republisher.publish(
      left.flatMap(({ id, bodies }) => bodies.map((body) => ({ id, body }))),
    );
    if (left.length > 0) await this.#database.followUpsPublished(left.map(({ id }) => id));
    this.#metrics.followUps(published);
    return left.length === BATCH;
  }
}
