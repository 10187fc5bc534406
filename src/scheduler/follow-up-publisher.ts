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
    const kept = await this.#database.followUps(BATCH);
    const { left, published, failure } = await this.#republisher.publish(
      kept.flatMap(({ id, bodies }) => bodies.map((body) => ({ id, body }))),
    );
    const done = kept.map(({ id }) => id).filter((id) => !left.has(id));
    if (done.length > 0) await this.#database.followUpsPublished(done);
    this.#metrics.followUps(published);
    if (left.size > 0) throw failure;
    return kept.length === BATCH;
  }
}
