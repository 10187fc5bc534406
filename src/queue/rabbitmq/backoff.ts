import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../core/random.ts';

const BASE_MS = 100;
const CAP_MS = 2000;

/** Pauses that double with each failure in a row, spread so that many processes do not come back at once. */
export class Backoff {
  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Resolves after the pause, or at once when `signal` is aborted. */
  async pause(signal: AbortSignal): Promise<void> {
    const bound = Math.min(CAP_MS, BASE_MS * 2 ** this.#failures);
    this.#failures += 1;
    await sleep(bound * (0.5 + this.#random.fraction() / 2), undefined, { signal }).catch(() => undefined);
  }

  reset(): void {
    this.#failures = 0;
  }
}
