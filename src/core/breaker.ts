import type { Clock } from './clock.ts';
import { within } from './deadline.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

export interface BreakerOptions {
  /** Whom the questions are for, as the log calls it: `the cache`. */
  readonly whom: string;
  /** How long an answer may take, in milliseconds. */
  readonly deadlineMs: number;
  /** It opens when so many questions in a row have failed. */
  readonly failures: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const REST_MS = 1000;

/**
 * Asks somebody who may not answer. When that has failed too often, it opens: all questions under way end, and none is
 * asked for a second; after it a single one is, whose answer lets all the others through again.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  /** For each question under way, what ends it without an answer. */
  readonly #underWay = new Set<() => void>();
  #state: 'closed' | 'open' | 'probing' = 'closed';
  /** In a row. */
  #failures = 0;
  #restsUntil = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** What `question` resolves to; undefined where that takes too long, is not asked, or it rejects. Never rejects. */
  ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    if (!this.#admits()) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const giveUp = (): void => resolve(undefined);
      this.#underWay.add(giveUp);
      within(this.#options.deadlineMs, asked(question)).then(
        (answer) => {
          if (!this.#underWay.delete(giveUp)) return;
          resolve(answer);
          this.reset();
        },
        (error: unknown) => {
          if (!this.#underWay.delete(giveUp)) return;
          giveUp();
          this.#fail(error);
        },
      );
    });
  }

  /** Lets all through: there was proof that answers come. */
  reset(): void {
    this.#failures = 0;
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#options.logger.info(`${this.#options.whom} answers again`);
  }

  #admits(): boolean {
    if (this.#state === 'open' && this.#options.clock.elapsed() >= this.#restsUntil) {
      this.#state = 'probing';
      return true;
    }
    return this.#state === 'closed';
  }

  #fail(error: unknown): void {
    const { whom, failures, clock, logger } = this.#options;
    this.#failures++;
    if (this.#state === 'closed') {
      const reason = messageOf(error);
      if (this.#failures < failures) {
        logger.debug(`${whom} has not answered`, { reason });
        return;
      }
      logger.warn(`${whom} does not answer; going on without it`, { reason });
    }
    this.#state = 'open';
    this.#restsUntil = clock.elapsed() + REST_MS;
    for (const giveUp of this.#underWay) giveUp();
    this.#underWay.clear();
  }
}

/** Rejects where it throws, too. */
async function asked<T>(question: () => Promise<T>): Promise<T> {
  return question();
}
