import type { Service } from './loop.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

/** Small, so that the claims of others never wait long behind it. */
const BATCH = 200;

/** Removes what is older than the retention allows. */
export class RetentionSweeper implements Service {
  readonly name = 'the removal of old tasks';
  readonly everyMs = 60_000;
  readonly #options: Pick<SchedulerOptions, 'database' | 'metrics' | 'retention'>;

  constructor(options: Pick<SchedulerOptions, 'database' | 'metrics' | 'retention'>) {
    this.#options = options;
  }

  async run(): Promise<boolean> {
    const { database, metrics, retention } = this.#options;
    const swept = await database.sweep(retention, BATCH);
    const kinds = ['bodies', 'rows', 'tombstones'] as const;
    for (const kind of kinds) metrics.swept(kind, swept[kind]);
    return kinds.some((kind) => swept[kind] >= BATCH);
  }
}
