import type { Clock } from '../../core/clock.ts';
import { inSchema, migrate } from './migrations.ts';
import type { PrimaryPool } from './primary-pool.ts';

/** What every operation needs of the server. */
export interface Server {
  /**
   * Runs a statement and gives the value of its first column in its only row.
   * @param sql names its schema `sluice`, whatever it is called
   */
  ask(name: string, sql: string, ...values: readonly unknown[]): Promise<unknown>;
  /** The time of a test; null for the server's own. */
  now(): number | null;
}

/** The tables on the server, which are brought up to date before anything else is asked. */
export class MigratedServer implements Server {
  readonly #pool: PrimaryPool;
  readonly #schema: string;
  readonly #clock: Clock | undefined;
  readonly #texts = new Map<string, string>();
  #migrated: Promise<unknown> | undefined;

  constructor(pool: PrimaryPool, schema: string, clock: Clock | undefined) {
    this.#pool = pool;
    this.#schema = schema;
    this.#clock = clock;
  }

  now(): number | null {
    return this.#clock?.now() ?? null;
  }

  async ask(name: string, sql: string, ...values: readonly unknown[]): Promise<unknown> {
    await this.#migrate();
    return this.#pool.answer({ name, text: this.#textOf(sql), values });
  }

  async #migrate(): Promise<void> {
    this.#migrated ??= this.#pool.use((client) => migrate(client, { schema: this.#schema }));
    try {
      await this.#migrated;
    } catch (thrown) {
      this.#migrated = undefined;
      throw thrown;
    }
  }

  #textOf(sql: string): string {
    const known = this.#texts.get(sql);
    if (known !== undefined) return known;
    const text = inSchema(this.#schema, sql);
    this.#texts.set(sql, text);
    return text;
  }
}
