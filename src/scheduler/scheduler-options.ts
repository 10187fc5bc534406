import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { Address } from '../core/message.ts';
import type { Watermarks } from '../core/watermarks.ts';
import type { Cache } from '../cache/cache.ts';
import type { Database, Retention } from '../database/database.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Queue } from '../queue/queue.ts';
import type { Signals } from '../signals/signals.ts';

export interface SchedulerOptions {
  readonly queue: Pick<Queue, 'publish' | 'depth'>;
  readonly database: Database;
  readonly cache: Pick<Cache, 'set'>;
  readonly signals: Pick<Signals, 'publish'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'publishedAgain' | 'recovered' | 'reconciled' | 'followUps' | 'swept'>;
  readonly watermarks: Pick<Watermarks, 'of'>;
  readonly retention: Retention;
  readonly interruptionLimit: number;
  /** Where tasks wait that the workers of this process take. */
  readonly addresses: () => readonly Address[];
  /**
   * No other process works on this database, so every run it holds at the start is one whose process has died. The
   * start then waits until they are recovered, so that none of the own is among them. Default false.
   */
  readonly alone?: boolean;
}
