const FIRST_MS = 100;
const LAST_MS = 2000;

/** A pause that is twice as long each time, until something goes well. */
export class Pause {
  #ms = FIRST_MS;
  #timer: NodeJS.Timeout | undefined;

  get on(): boolean {
    return this.#timer !== undefined;
  }

  /** Calls `then` after it; one that is on already goes on. */
  begin(then: () => void): void {
    if (this.on) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      then();
    }, this.#ms);
    this.#ms = Math.min(LAST_MS, this.#ms * 2);
  }

  /** The next one is short again. */
  reset(): void {
    this.#ms = FIRST_MS;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
