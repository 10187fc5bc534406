import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../core/random.ts';

/** Waits longer after each failure in a row, spread so that many workers do not come back at once. */
export class Backoff {
  readonly #bounds: { readonly retryBaseMs: number; readonly retryCapMs: number };
  readonly #random: Random;
  #failures = 0;

  constructor(bounds: { readonly retryBaseMs: number; readonly retryCapMs: number }, random: Random) {
    this.#bounds = bounds;
    this.#random = random;
  }

  /** Resolves after the next pause, or at once when `signal` is aborted. */
  async pause(signal: AbortSignal): Promise<void> {
    const { retryBaseMs, retryCapMs } = this.#bounds;
    const bound = Math.min(retryCapMs, retryBaseMs * 2 ** this.#failures);
    this.#failures += 1;
    await sleep(bound * (0.5 + this.#random.fraction() / 2), undefined, { signal }).catch(() => undefined);
  }

  reset(): void {
    this.#failures = 0;
  }
}
