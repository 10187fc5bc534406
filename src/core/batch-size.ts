/** Most bytes that go into one call of an engine, so that it is over long before its deadline. */
export const BATCH_BYTES: number = 8 * 1024 * 1024;

const TIMEOUTS = 2;
const SUCCESSES = 10;

/**
 * How much goes into one call of an engine. A batch that timed out twice in a row is halved: sent again as it is, it would
 * time out for ever. After some successes the next ones may be larger again.
 */
export class BatchSize {
  readonly #most: number;
  #items: number;
  #timeouts = 0;
  #successes = 0;

  /** @param most items that ever go into one batch */
  constructor(most: number) {
    this.#most = most;
    this.#items = most;
  }

  /** Most items of a batch now. */
  get items(): number {
    return this.#items;
  }

  /** Takes the next batch off the front of `waiting`: one item at least. */
  take<T>(waiting: T[], bytesOf: (item: T) => number): T[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(waiting.length, this.#items); count += 1) {
      const item = waiting[count];
      bytes += item === undefined ? 0 : bytesOf(item);
      if (count > 0 && bytes > BATCH_BYTES) break;
    }
    return waiting.splice(0, count);
  }

  succeeded(): void {
    this.#timeouts = 0;
    this.#successes += 1;
    if (this.#successes < SUCCESSES) return;
    this.#successes = 0;
    this.#items = Math.min(this.#most, this.#items * 2);
  }

  /** Notes that a batch of so many items took too long. */
  timedOut(items: number): void {
    this.#successes = 0;
    this.#timeouts += 1;
    if (this.#timeouts < TIMEOUTS) return;
    this.#timeouts = 0;
    this.#items = Math.max(1, Math.ceil(Math.min(items, this.#items) / 2));
  }
}
