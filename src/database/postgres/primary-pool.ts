import { Socket } from 'node:net';
import pg, { type PoolClient } from 'pg';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { isSilence, reachOf, tookTooLong } from './postgres-fault.ts';
import { COMMITS_STALL, STALLED } from './stalled-commits.ts';

export interface PrimaryPoolOptions {
  /** A connection string for each host. */
  readonly hosts: readonly string[];
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly logger: Logger;
}

export interface Statement {
  /** Prepared once a connection under this name. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

const IDLE_MS = 60_000;
/** A connection that nobody asks anything over is tried, lest something on the way forgets it. */
const KEEP_ALIVE_MS = 10_000;
const MAX_COLLISIONS = 5;
/** The server is given the time to say itself that a statement took too long. */
const ANSWER_MARGIN_MS = 500;

/**
 * Says whether the server takes writes, and makes the session ours: every access is by index and in its order, whatever
 * was last known of the size of tables that grow from nothing to millions of rows and back.
 */
const PREPARE_SESSION = `SELECT pg_is_in_recovery() AS standby, ${COMMITS_STALL} AS stalled, ${Object.entries(
  {
    default_transaction_isolation: 'read committed',
    enable_seqscan: 'off',
    enable_bitmapscan: 'off',
    jit: 'off',
  },
)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ')}, set_config('statement_timeout', $1, false)`;

interface Session {
  readonly standby: boolean;
  readonly stalled: boolean;
}

/** Connections to whichever of the hosts takes writes. */
export class PrimaryPool {
  readonly #pools: readonly pg.Pool[];
  readonly #options: PrimaryPoolOptions;
  readonly #sockets = new Set<Socket>();
  readonly #prepared = new WeakSet<PoolClient>();
  #current = 0;
  #away = false;
  /** A call was left without an answer, and its session on the server may go on waiting. */
  #left = false;

  constructor(options: PrimaryPoolOptions) {
    this.#options = options;
    this.#pools = options.hosts.map((host) => this.#poolOf(host));
  }

  /**
   * Runs one statement, again where it met another, and gives the value of its first column in its only row.
   * @throws SluiceError `SLUICE_DATABASE_UNAVAILABLE`, or what PostgreSQL says against an item
   */
  async answer(statement: Statement): Promise<unknown> {
    for (let collisions = 0; ; collisions += 1) {
      try {
        return await this.use(async (client) => {
          const { rows } = await client.query<[unknown]>({
            ...statement,
            values: [...statement.values],
            rowMode: 'array',
          });
          return rows[0]?.[0];
        });
      } catch (thrown) {
        if (!isCollision(thrown) || collisions === MAX_COLLISIONS) throw thrown;
      }
    }
  }

  /** @throws SluiceError `SLUICE_DATABASE_UNAVAILABLE`, or what PostgreSQL says against an item */
  async use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    let client: PoolClient | undefined;
    try {
      client = await this.#connect();
      const result = await work(client);
      client.release();
      this.#tellBack();
      return result;
    } catch (thrown) {
      const reach = reachOf(thrown);
      client?.release(reach === 'connection');
      this.#left ||= isSilence(thrown);
      if (reach === 'item') throw thrown;
      if (reach === 'connection') this.#tellAway(thrown);
      const data = { reason: reasonOf(thrown), timedOut: tookTooLong(thrown) };
      throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE', data, { cause: thrown });
    }
  }

  /** Waits for what is under way; a server that does not say farewell is not waited for. */
  async close(): Promise<void> {
    await Promise.all(this.#pools.filter(({ ending }) => !ending).map((pool) => pool.end()));
    for (const socket of this.#sockets) socket.destroy();
  }

  #poolOf(connectionString: string): pg.Pool {
    const { connections, connectTimeoutMs, statementTimeoutMs } = this.#options;
    const pool = new pg.Pool({
      connectionString,
      max: connections,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: statementTimeoutMs + ANSWER_MARGIN_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      fallback_application_name: 'sluice',
      stream: () => this.#newSocket(),
    });
    // The call that is under way fails, and the next one connects: nothing is left to do about it here.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }

  #newSocket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /**
   * A connection to the primary: where it was last, or wherever it is now. Where there is none, the error is never the
   * server's own: whatever its SQLSTATE, it says nothing against what was to be asked.
   */
  async #connect(): Promise<PoolClient> {
    const start = this.#current;
    const failures: unknown[] = [];
    for (let step = 0; step < this.#pools.length; step += 1) {
      const index = (start + step) % this.#pools.length;
      try {
        const client = await this.#connectTo(index);
        this.#current = index;
        return client;
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    const reasons = failures.map(reasonOf).join('; ');
    const message = failures.length === 1 ? reasons : `no host takes writes: ${reasons}`;
    throw new Error(message, { cause: failures[0] });
  }

  async #connectTo(index: number): Promise<PoolClient> {
    const pool = this.#pools[index];
    if (!pool) throw new Error('there is no such host');
    const client = await pool.connect();
    if (this.#prepared.has(client)) return client;
    try {
      await this.#prepare(client);
      this.#prepared.add(client);
      return client;
    } catch (thrown) {
      client.release(true);
      throw thrown;
    }
  }

  /**
   * A session whose commit waits for a standby outlives its connection, since nothing ends that wait. So the sessions that
   * were left to wait are not followed by others: the server has only so many.
   */
  async #prepare(client: PoolClient): Promise<void> {
    const timeoutMs = String(this.#options.statementTimeoutMs);
    const { rows } = await client.query<Session>(PREPARE_SESSION, [timeoutMs]);
    const [session] = rows;
    if (session?.standby !== false) throw new Error('it is a standby and takes no writes');
    this.#left &&= session.stalled;
    if (this.#left) throw new Error(STALLED);
  }

  #tellAway(thrown: unknown): void {
    if (this.#away) return;
    this.#away = true;
    this.#options.logger.warn('PostgreSQL can not be used; it is tried again', { reason: reasonOf(thrown) });
  }

  #tellBack(): void {
    if (this.#away) this.#options.logger.info('PostgreSQL is back');
    this.#away = false;
  }
}

/** An error of several addresses says nothing itself. */
function reasonOf(thrown: unknown): string {
  const [first]: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown];
  return messageOf(first);
}

function isCollision(thrown: unknown): boolean {
  return thrown instanceof Error && reachOf(thrown.cause) === 'collision';
}
