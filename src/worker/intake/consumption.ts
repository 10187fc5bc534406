import { BatchSize } from '../../core/batch-size.ts';
import { messageOf, SluiceError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import type { Database } from '../../database/database.ts';
import { timedOut } from '../../database/timed-out.ts';
import type { Claimer } from './claimer.ts';
import type { Intake, Taken } from './intake.ts';
import { Backoff } from '../backoff.ts';
import { BatchRest } from '../batch-rest.ts';
import type { WorkerTiming } from '../timing.ts';

export interface ConsumptionOptions {
  readonly intake: Pick<Intake, 'receiving' | 'waiting' | 'open' | 'take' | 'close'>;
  readonly claimer: Claimer;
  readonly database: Pick<Database, 'health'>;
  /** How many runs can be taken now. */
  readonly free: () => number;
  /** Of so many a claim is made at once; fewer may wait for others. */
  readonly enough: () => number;
  readonly random: Random;
  readonly logger: Logger;
  readonly timing: WorkerTiming;
}

const MAX_BATCH = 500;

/** Takes as many messages as there are free slots, one batch at a time. While the queue or the database is away it
 * holds nothing back from others, and asks again and again whether they are there. */
export class Consumption {
  readonly #options: ConsumptionOptions;
  readonly #backoff: Backoff;
  readonly #size = new BatchSize(MAX_BATCH);
  readonly #rest: BatchRest;
  readonly #closing = new AbortController();
  #open = false;
  #opening: Promise<void> | undefined;
  #claiming: Promise<void> | undefined;

  constructor(options: ConsumptionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.timing, options.random);
    const { intake, free, enough } = options;
    this.#rest = new BatchRest(() => Math.min(intake.waiting, free()) >= enough());
  }

  /** True while messages can come. */
  get open(): boolean {
    return this.#open && this.#options.intake.receiving;
  }

  /** Starts to consume, as soon as queue and database are there. */
  begin(): void {
    this.#opening ??= this.#untilOpen().finally(() => {
      this.#opening = undefined;
      this.advance();
    });
  }

  /** Claims what can be claimed now. */
  advance(): void {
    if (!this.#open) return;
    if (this.#claiming) return this.#rest.look();
    this.#claiming = this.#claimAll().finally(() => {
      this.#claiming = undefined;
    });
  }

  /** Consumes anew, from the queues that there are now. */
  async restart(): Promise<void> {
    this.#open = false;
    this.#rest.end();
    await this.#claiming;
    await this.#opening;
    await this.#options.intake.close();
    if (!this.#closing.signal.aborted) this.begin();
  }

  /**
   * Stops, and gives back what was not claimed. Resolves when the claim under way has its verdicts; an opening that waits
   * for a queue or a database that is away ends by itself.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#open = false;
    this.#rest.end();
    await this.#claiming;
    await this.#options.intake.close();
  }

  async #claimAll(): Promise<void> {
    const { intake, claimer, free, logger } = this.#options;
    let taken: readonly Taken[] = [];
    try {
      for (;;) {
        await this.#rest.over();
        if (!this.#open) return;
        taken = intake.take(Math.min(this.#size.items, free()));
        if (taken.length === 0) return;
        const begunAt = performance.now();
        await claimer.claim(taken);
        this.#rest.begin(performance.now() - begunAt);
        this.#backoff.reset();
        this.#size.succeeded();
      }
    } catch (error) {
      if (timedOut(error)) this.#size.timedOut(taken.length);
      this.#open = false;
      logger.warn('no tasks are taken until the database answers', { reason: messageOf(error) });
      await intake.close();
      await this.#backoff.pause(this.#closing.signal);
      if (!this.#closing.signal.aborted) this.begin();
    }
  }

  async #untilOpen(): Promise<void> {
    const { intake, database, logger } = this.#options;
    const { signal } = this.#closing;
    let told: string | undefined;
    while (!signal.aborted) {
      try {
        const health = await database.health();
        if (!health.ok) throw new Error(health.reason ?? 'the database is not well');
        if (!signal.aborted) await intake.open();
        this.#open = !signal.aborted;
        return;
      } catch (error) {
        const reason = reasonOf(error);
        logger[reason === told ? 'debug' : 'warn']('no tasks can be taken yet', { reason });
        told = reason;
        await this.#backoff.pause(signal);
      }
    }
  }
}

/** What a queue that is away says to whoever publishes is of no use here. */
function reasonOf(error: unknown): string {
  const reason = SluiceError.is(error) ? error.data['reason'] : undefined;
  return typeof reason === 'string' ? reason : messageOf(error);
}
