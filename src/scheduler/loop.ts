import { messageOf, SluiceError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';

/** A piece of work that is done again and again. */
export interface Service {
  readonly name: string;
  /** Time from one round to the next while there is nothing more to do, in milliseconds. */
  readonly everyMs: number;
  /** One round. Resolves with true when there is more to do at once. */
  run(): Promise<boolean>;
}

const MAX_BACK_OFF_MS = 30_000;
const MAX_DOUBLINGS = 3;

/**
 * Runs a service for ever, one round at a time. A round that fails is told, and tried again after a time that doubles;
 * nothing that a service does can end its loop.
 */
export class Loop {
  readonly #service: Service;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #woken = false;
  #closed = false;
  #failures = 0;

  constructor(service: Service, logger: Logger) {
    this.#service = service;
    this.#logger = logger;
  }

  /** Has a round begin now, or right after the one that is under way. */
  wake(): void {
    if (this.#closed) return;
    this.#woken = true;
    if (!this.#round) this.#start();
  }

  /** Resolves when the round that is under way has ended. None begins afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#woken = false;
    this.#round = this.#runOnce().then((waitMs) => {
      this.#round = undefined;
      if (this.#closed) return;
      this.#timer = setTimeout(() => this.#start(), this.#woken ? 0 : waitMs);
    });
  }

  /** The time to wait until the next round. Never rejects. */
  async #runOnce(): Promise<number> {
    const { name, everyMs } = this.#service;
    try {
      const more = await this.#service.run();
      if (this.#failures > 0) this.#logger.info(`${name} works again`, { failures: this.#failures });
      this.#failures = 0;
      return more ? 0 : everyMs;
    } catch (error) {
      this.#failures += 1;
      this.#tell(error);
      // A wake that came meanwhile must not take the back-off away.
      this.#woken = false;
      return Math.min(MAX_BACK_OFF_MS, everyMs * 2 ** Math.min(this.#failures, MAX_DOUBLINGS));
    }
  }

  /** An engine that is away is told once; anything else is a fault, and told each time. */
  #tell(error: unknown): void {
    const away = SluiceError.is(error) && error.retryable;
    const data = { reason: messageOf(error), failures: this.#failures };
    if (!away) this.#logger.error(`${this.#service.name} failed`, data);
    else if (this.#failures === 1) this.#logger.warn(`${this.#service.name} waits`, data);
  }
}
