import type { Message } from '../core/message.ts';
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
    const messages: Message[] = [];
    for (const { id, bodies } of left) {
      for (const body of bodies) {
        const message = await this.#republisher.decode(id, body);
        if (message) messages.push(message);
      }
    }
    await this.#republisher.publish(messages);
    if (left.length > 0) await this.#database.followUpsPublished(left.map(({ id }) => id));
    if (messages.length > 0) this.#metrics.followUps(messages.length);
    return left.length === BATCH;
  }
}
