import type { Duration } from './core/duration.ts';
import type { Limits } from './core/limits.ts';
import type { Logger } from './core/logger.ts';
import type { Retention } from './database/database.ts';
import type { EngineUrls } from './engines.ts';
import type { ApiKeys } from './gateway/accept/api-keys.ts';

/** What every process of an installation is told. */
export interface ProcessOptions {
  /** Files or folders of the task definitions. They are loaded in the processes that run them, never in this one. */
  readonly tasks: string | URL | readonly (string | URL)[];
  /** Where the engines are. Default: queue and database in the data folder, cache and signals in this process. */
  readonly engines?: EngineUrls;
  /** Folder of the queue and the database, on a local disk. Default `./.sluice`. */
  readonly data?: string;
  /** How long `close()` waits for requests and running tasks. Default 30s. */
  readonly grace?: Duration;
  /** Sign and verify the ids; the first signs. Default: one that is made once and kept in the data folder. */
  readonly secrets?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly retention?: Partial<Retention>;
  /** Default: says nothing. */
  readonly logger?: Logger;
}

export interface GatewayProcessOptions extends ProcessOptions {
  /** Without keys everybody may call, as tenant `default`. */
  readonly apiKeys?: ApiKeys;
  /**
   * Folder on a local disk for what the queue does not confirm within half a second: it is synced there before the 202,
   * and forwarded when the queue is back. Default: none, so that is refused.
   */
  readonly spool?: string;
  /**
   * How long `close()` goes on serving while `/readyz` says 503, so that a load balancer leaves it out first; at most half
   * of the grace. Default: none.
   */
  readonly shutdownDelay?: Duration;
  /** Where the API begins when `handle` is mounted below a path, such as `/jobs`. */
  readonly basePath?: string;
}

export interface WorkerProcessOptions extends ProcessOptions {
  /** Queues to work on. Default: all that the tasks name, and those in which tasks still wait. */
  readonly queues?: readonly string[];
  /** Most tasks that run at a time. Default 50. */
  readonly concurrency?: number;
  /** Processes that run them. Default one per core. */
  readonly runners?: number;
  /** Build and load the tasks anew whenever their files change. */
  readonly watch?: boolean;
  /** Called after each change of the watched tasks, with what went wrong where it did. Default: that is logged. */
  readonly onReload?: (error?: unknown) => void;
}

export interface SluiceOptions extends GatewayProcessOptions, WorkerProcessOptions {}
