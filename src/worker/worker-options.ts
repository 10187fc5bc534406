import type { Cache } from '../cache/cache.ts';
import type { Limits } from '../core/limits.ts';
import type { Logger } from '../core/logger.ts';
import type { Random } from '../core/random.ts';
import type { Watermarks } from '../core/watermarks.ts';
import type { Database, Retention, Runs } from '../database/database.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Queue } from '../queue/queue.ts';
import type { Signals } from '../signals/signals.ts';
import type { WorkerTiming } from './timing.ts';

export interface WorkerOptions {
  readonly queue: Pick<Queue, 'consume' | 'publish'>;
  readonly database: Runs & Pick<Database, 'followUpsPublished' | 'health'>;
  readonly cache: Pick<Cache, 'set'>;
  readonly signals: Pick<Signals, 'publish' | 'subscribe'>;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'claimed' | 'settled' | 'running' | 'followUps'>;
  readonly watermarks: Watermarks;
  readonly retention: Retention;
  /** Of the ids that handlers make by `ctx.enqueue`. */
  readonly secrets: readonly string[];
  /** Names of the queues to work on. Default: all that the definitions name, or have named since the start, and
   * `otherQueues`. */
  readonly queues?: readonly string[] | undefined;
  /** Names of queues in which tasks may wait though no definition names them any more. */
  readonly otherQueues?: readonly string[] | undefined;
  /** Runs at a time. */
  readonly concurrency: number;
  /** Processes that share them. */
  readonly runners: number;
  /** The compiled entry of a runner. */
  readonly runnerEntry: URL;
  /** Absolute path of the module that exports the definitions. */
  readonly module: string;
  /** Called with what the runners have loaded before any of it runs. What it throws refuses that: the worker does not
   * start, or goes on with the code before. */
  readonly admit?: (manifest: Manifest) => void;
  /** Called when a task may have become due, or will be soon. */
  readonly onScheduled?: () => void;
  readonly timing?: Partial<WorkerTiming>;
}
