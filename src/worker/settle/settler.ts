import { BatchSize } from '../../core/batch-size.ts';
import { messageOf, SluiceError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import type { Database, Outcome, Settlement, SettleResult } from '../../database/database.ts';
import { timedOut } from '../../database/timed-out.ts';
import { Backoff } from '../backoff.ts';
import { BatchRest } from '../batch-rest.ts';
import type { Run } from '../run/run.ts';
import type { WorkerTiming } from '../timing.ts';

/** A run and how it ended. */
export interface Ended {
  readonly run: Run;
  readonly outcome: Outcome;
}

export interface SettlerOptions {
  readonly database: Pick<Database, 'settle'>;
  /** So many are recorded at once; fewer may wait for others. */
  readonly enough: () => number;
  readonly random: Random;
  readonly logger: Logger;
  readonly timing: WorkerTiming;
  /** Called for each run once the database has answered for it; `result` is undefined where it never will. */
  readonly onSettled: (ended: Ended, result: SettleResult | undefined) => void;
}

const MAX_BATCH = 500;

/** Records how runs ended. All that end while one batch is under way go into the next. Retries for ever while the
 * database is away: until an outcome is recorded, the run holds its slot. */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #backoff: Backoff;
  readonly #size = new BatchSize(MAX_BATCH);
  readonly #giveUp = new AbortController();
  readonly #waiting: Ended[] = [];
  readonly #rest: BatchRest;
  #working = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.timing, options.random);
    this.#rest = new BatchRest(() => this.#waiting.length >= options.enough());
  }

  add(ended: Ended): void {
    this.#waiting.push(ended);
    if (this.#working) return this.#rest.look();
    this.#working = true;
    void this.#drain();
  }

  /** Stops trying. What is not recorded by then is recovered when its lease ends. */
  abandon(): void {
    this.#giveUp.abort();
  }

  async #drain(): Promise<void> {
    // Lets all that ended in this turn of the loop into the first batch.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#giveUp.signal.aborted) {
      await this.#rest.over();
      const begunAt = performance.now();
      await this.#settle(this.#size.take(this.#waiting, bytesOf));
      this.#rest.begin(performance.now() - begunAt);
    }
    this.#working = false;
  }

  /** Never rejects. */
  async #settle(batch: readonly Ended[]): Promise<void> {
    const { database, logger, onSettled } = this.#options;
    const { signal } = this.#giveUp;
    while (!signal.aborted) {
      try {
        const results = await database.settle(batch.map(settlementOf));
        this.#backoff.reset();
        this.#size.succeeded();
        batch.forEach((ended, index) => onSettled(ended, results[index]));
        return;
      } catch (error) {
        if (!SluiceError.is(error, 'SLUICE_DATABASE_UNAVAILABLE')) return this.#divide(batch, error);
        logger.warn('the database does not take the outcomes of tasks; trying again', {
          tasks: batch.length,
        });
        await this.#backoff.pause(signal);
        if (timedOut(error)) this.#size.timedOut(batch.length);
        if (batch.length > this.#size.items) return this.#settleHalves(batch);
      }
    }
  }

  /** Finds the one that the database can not take, and records what it can of it. */
  async #divide(batch: readonly Ended[], error: unknown): Promise<void> {
    const [only] = batch;
    return batch.length === 1 && only ? this.#substitute(only, error) : this.#settleHalves(batch);
  }

  async #settleHalves(batch: readonly Ended[]): Promise<void> {
    const middle = Math.ceil(batch.length / 2);
    await this.#settle(batch.slice(0, middle));
    await this.#settle(batch.slice(middle));
  }

  async #substitute({ run, outcome }: Ended, error: unknown): Promise<void> {
    const reason = messageOf(error);
    this.#options.logger.error('the outcome of a task can not be recorded', {
      taskId: run.message.id,
      reason,
    });
    if (outcome.kind !== 'succeeded') return this.#options.onSettled({ run, outcome }, undefined);
    const { code, message } = new SluiceError('SLUICE_RESULT_INVALID', { reason });
    return this.#settle([{ run, outcome: { kind: 'failed', error: { code, message }, charged: true } }]);
  }
}

/** Roughly: of what a settlement holds, only this can be large. */
function bytesOf({ outcome }: Ended): number {
  if ('error' in outcome) return outcome.error.message.length + (outcome.error.stack?.length ?? 0);
  if (outcome.kind !== 'succeeded') return 0;
  return outcome.followUps.reduce((sum, body) => sum + body.length, outcome.result.length);
}

function settlementOf({ run, outcome }: Ended): Settlement {
  return { id: run.message.id, run: run.run, outcome };
}
