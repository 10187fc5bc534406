import type { Duration } from './duration.ts';

/**
 * What `sluice.config.ts` may hold. A command-line flag and an environment variable win over it; see
 * docs/reference/configuration.md.
 */
export interface SluiceConfig {
  /** Folder or file of the tasks. Default `tasks`. */
  readonly tasks?: string;
  readonly port?: number;
  readonly host?: string;
  readonly metricsPort?: number;
  /** Folder of the queue and the database. */
  readonly data?: string;
  /** RabbitMQ. Default: embedded, in the data folder; the database goes with it. */
  readonly queueUrl?: string;
  /** PostgreSQL. */
  readonly databaseUrl?: string;
  /** Redis or Valkey. Default: in the process. */
  readonly cacheUrl?: string;
  /** Default: that of the cache. */
  readonly signalsUrl?: string;
  /** Folder for what the queue does not confirm in time. */
  readonly spool?: string;
  /** The queues that are worked on. Default: all. */
  readonly queues?: readonly string[];
  /** Most tasks run at a time. */
  readonly concurrency?: number;
  /** Processes that run tasks. */
  readonly runners?: number;
  /** How long a shutdown waits for running tasks. */
  readonly grace?: Duration;
  /** How long a server that is asked to stop goes on serving while it says that it is not ready. */
  readonly shutdownDelay?: Duration;
  /** File of API keys. */
  readonly keys?: string;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Refuse to start where what is confirmed could be lost with the power. */
  readonly requireDurable?: boolean;
}

/** Types the default export of `sluice.config.ts`. */
export function defineConfig(config: SluiceConfig): SluiceConfig {
  return config;
}
