const REST_PER_BATCH = 3;
const MAX_REST_MS = 100;

/**
 * Lets batches of one kind gather: after each there is a rest of three times as long as it took, 100 ms at most. A
 * database that is slow, or waits for a core, is asked for fewer and larger ones in that way, and whoever comes alone does
 * not wait. The rest ends early when enough has come for the next batch.
 */
export class BatchRest {
  readonly #enough: () => boolean;
  /** Of `performance.now()`. */
  #endsAt = -Infinity;
  #end: () => void = () => undefined;

  /** @param enough true when there is no more to wait for */
  constructor(enough: () => boolean) {
    this.#enough = enough;
  }

  /** Begins a rest, after a batch that took so long. */
  begin(tookMs: number): void {
    this.#endsAt = performance.now() + Math.min(REST_PER_BATCH * tookMs, MAX_REST_MS);
  }

  /** Resolves when the rest is over. One call at a time. */
  async over(): Promise<void> {
    const leftMs = this.#endsAt - performance.now();
    if (leftMs <= 0 || this.#enough()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** To be called when something has come: ends the rest if that is enough. */
  look(): void {
    if (this.#enough()) this.end();
  }

  end(): void {
    this.#endsAt = -Infinity;
    this.#end();
  }
}
