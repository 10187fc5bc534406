import type { Logger } from '../../core/logger.ts';

const REST_MS = 1000;

type State = 'closed' | 'open' | 'half-open' | 'probing';

/**
 * Asks a server that may not answer. The first question without an answer in time ends all that are under way; then none
 * is asked for a second, and after it a single one, whose answer lets all the others through again.
 */
export class Breaker {
  readonly #deadlineMs: number;
  readonly #logger: Logger;
  readonly #underWay = new Set<() => void>();
  #state: State = 'closed';
  #rest: NodeJS.Timeout | undefined;

  constructor(deadlineMs: number, logger: Logger) {
    this.#deadlineMs = deadlineMs;
    this.#logger = logger;
  }

  /** What `question` resolves to; undefined where that takes too long, is not asked, or it rejects. Never rejects. */
  ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    if (!this.#admits()) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const settle = (answer?: T): void => {
        clearTimeout(timer);
        this.#underWay.delete(giveUp);
        resolve(answer);
      };
      const giveUp = (): void => settle();
      const fail = (): void => {
        if (this.#underWay.has(giveUp)) this.#open();
      };
      // Where this process itself was held up, the answer may be there, and is read before the immediate runs.
      const timer = setTimeout(() => setImmediate(fail), this.#deadlineMs);
      this.#underWay.add(giveUp);
      question().then((answer) => {
        if (!this.#underWay.has(giveUp)) return;
        settle(answer);
        this.reset();
      }, fail);
    });
  }

  /** The server has proved that it answers. */
  reset(): void {
    if (this.#state === 'closed') return;
    clearTimeout(this.#rest);
    this.#state = 'closed';
    this.#logger.info('the cache answers again');
  }

  #admits(): boolean {
    if (this.#state === 'half-open') {
      this.#state = 'probing';
      return true;
    }
    return this.#state === 'closed';
  }

  #open(): void {
    if (this.#state === 'closed') this.#logger.warn('the cache does not answer; going on without it');
    this.#state = 'open';
    for (const giveUp of Array.from(this.#underWay)) giveUp();
    this.#rest = setTimeout(() => {
      this.#state = 'half-open';
    }, REST_MS).unref();
  }
}
