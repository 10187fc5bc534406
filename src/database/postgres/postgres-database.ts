import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import type { Logger } from '../../core/logger.ts';
import type { Address } from '../../core/message.ts';
import type { State } from '../../core/state.ts';
import { type Random, systemRandom } from '../../core/random.ts';
import type { TaskId } from '../../core/task-id.ts';
import type { TaskRecord } from '../../core/task-record.ts';
import type {
  CancelResult,
  Claim,
  Database,
  Due,
  Extension,
  FollowUps,
  HeldRun,
  Lease,
  ListFilter,
  Lookup,
  LostTimes,
  Rejection,
  Retention,
  SettleResult,
  Settlement,
  Swept,
  TaskPage,
  Verdict,
} from '../database.ts';
import { cancel, reject } from './cancel-operation.ts';
import { claim } from './claim-operation.ts';
import { parsePostgresUrl } from './connection-url.ts';
import { durability } from './durability.ts';
import { followUps, followUpsPublished } from './follow-up-operations.ts';
import { extend, recover } from './lease-operations.ts';
import { PrimaryPool } from './primary-pool.ts';
import { counts, get, list } from './read-operations.ts';
import { sweep } from './retention-operation.ts';
import { due, published, reconcile } from './schedule-operations.ts';
import { RevokingServer } from './revoking-server.ts';
import { MigratedServer } from './server.ts';
import { UnusedKeys } from './unused-keys.ts';
import { settle } from './settle-operation.ts';

export interface PostgresDatabaseOptions {
  /** See docs/drivers/postgres.md. */
  readonly url: string;
  readonly logger: Logger;
  /** For tests. Default: the clock of the server. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Most connections at a time. Default 10. */
  readonly connections?: number;
  /** Milliseconds to wait for a connection, new or free, to each host. Default 2000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that a statement may take. Default 5000. */
  readonly statementTimeoutMs?: number;
}

/**
 * Connects when it is first asked something, and again whenever it has to; the tables are made, or brought up to date,
 * before that. A server that is away is no reason not to open it.
 * @throws SluiceError `SLUICE_OPTION_INVALID` for a URL that is none, `SLUICE_DATABASE_UNUSABLE` for a file that it names
 */
export function openPostgresDatabase(options: PostgresDatabaseOptions): Database {
  const { hosts, schema, failover } = parsePostgresUrl(options.url);
  const pool = poolOf(options, hosts);
  const migrated = new MigratedServer(pool, schema, options.clock);
  const server = new RevokingServer(migrated, options.random ?? systemRandom);
  return new PostgresDatabase(pool, server, failover);
}

function poolOf(options: Omit<PostgresDatabaseOptions, 'clock'>, hosts: readonly string[]): PrimaryPool {
  const { logger, connections = 10, connectTimeoutMs = 2000, statementTimeoutMs = 5000 } = options;
  return new PrimaryPool({ hosts, logger, connections, connectTimeoutMs, statementTimeoutMs });
}

/** The database on a PostgreSQL server, for any number of processes. */
class PostgresDatabase implements Database {
  readonly #pool: PrimaryPool;
  readonly #server: RevokingServer;
  readonly #failover: boolean | undefined;
  readonly #unusedKeys: UnusedKeys;

  constructor(pool: PrimaryPool, server: RevokingServer, failover: boolean | undefined) {
    this.#pool = pool;
    this.#server = server;
    this.#failover = failover;
    this.#unusedKeys = new UnusedKeys(server);
  }

  claim(claims: readonly Claim[], lease: Lease): Promise<Verdict[]> {
    return claim(this.#server, claims, lease);
  }

  extend(runs: readonly HeldRun[], lease: Lease): Promise<Extension> {
    return extend(this.#server, runs, lease);
  }

  settle(settlements: readonly Settlement[]): Promise<SettleResult[]> {
    return settle(this.#server, settlements);
  }

  reject(rejections: readonly Rejection[]): Promise<void> {
    return reject(this.#server, rejections);
  }

  cancel(id: TaskId, tenant: string, horizonMs: number): Promise<CancelResult> {
    return cancel(this.#server, id, { tenant, horizonMs });
  }

  due(limit: number): Promise<Due> {
    return due(this.#server, limit);
  }

  published(tasks: readonly { readonly id: string; readonly version: number }[]): Promise<void> {
    return published(this.#server, tasks);
  }

  recover(options: Parameters<Database['recover']>[0]): Promise<TaskRecord[]> {
    return recover(this.#server, options);
  }

  reconcile(address: Address, lost: LostTimes): Promise<number> {
    return reconcile(this.#server, address, lost);
  }

  followUps(limit: number): Promise<FollowUps[]> {
    return followUps(this.#server, limit);
  }

  followUpsPublished(ids: readonly string[]): Promise<void> {
    return followUpsPublished(this.#server, ids);
  }

  async sweep(retention: Retention, limit: number): Promise<Swept> {
    const swept = await sweep(this.#server, retention, limit);
    // Nobody is held up by a key that is left, so this waits until the rest is done.
    if (Object.values(swept).every((count) => count < limit)) await this.#unusedKeys.removeSome();
    return swept;
  }

  get(ids: readonly TaskId[]): Promise<Lookup[]> {
    return get(this.#server, ids);
  }

  list(filter: ListFilter): Promise<TaskPage> {
    return list(this.#server, filter);
  }

  counts(): Promise<Partial<Record<State, number>>> {
    return counts(this.#server);
  }

  /** Never rejects. */
  async health(): Promise<Health> {
    try {
      return await durability(this.#server, this.#failover);
    } catch (thrown) {
      const reason = messageOf(thrown instanceof Error && thrown.cause ? thrown.cause : thrown);
      return { ok: false, durable: false, durability: 'unknown', reason };
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
