import type { Server } from './server.ts';

/** Keys looked at by one statement, however many there are. */
const LOOKED_AT = 500;

/** Whoever waits for the lock of a key that goes makes it anew. */
const REMOVE = `
  WITH looked_at AS (
    SELECT k.key FROM sluice.concurrency_key k WHERE k.key > $1 ORDER BY k.key LIMIT $2
  ), unused AS (
    SELECT k.key FROM sluice.concurrency_key k
    WHERE k.key = ANY (ARRAY(SELECT key FROM looked_at))
      AND NOT EXISTS (SELECT FROM sluice.task t WHERE t.concurrency_key = k.key AND t.slot OFFSET 0)
      AND NOT EXISTS (SELECT FROM sluice.task t WHERE t.concurrency_key = k.key AND t.state = 'blocked' OFFSET 0)
    FOR UPDATE OF k SKIP LOCKED
  ), gone AS (DELETE FROM sluice.concurrency_key WHERE key = ANY (ARRAY(SELECT key FROM unused)))
  SELECT CASE WHEN count(*) = $2 THEN max(key) ELSE '' END FROM looked_at`;

/** Removes the keys that nobody holds or waits for a slot of, some with each call, and goes round and round. */
export class UnusedKeys {
  readonly #server: Server;
  /** The last that was looked at. */
  #last = '';

  constructor(server: Server) {
    this.#server = server;
  }

  async removeSome(): Promise<void> {
    this.#last = String(await this.#server.ask('remove-unused-keys', REMOVE, this.#last, LOOKED_AT));
  }
}
