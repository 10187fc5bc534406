/** So often one message is let through, to find out. */
const TRY_EVERY_MS = 1000;

/**
 * Queues that have confirmed nothing for as long as a publish waits: they have lost their majority, or cannot be reached.
 * What is published to them is refused at once, so that nobody waits in vain and nothing piles up.
 */
export class StalledQueues {
  /** Of `performance.now()`, by queue. */
  readonly #confirmedAt = new Map<string, number>();
  readonly #nextTryAt = new Map<string, number>();

  get names(): string[] {
    return [...this.#nextTryAt.keys()];
  }

  confirmed(queue: string): void {
    this.#confirmedAt.set(queue, performance.now());
    this.#nextTryAt.delete(queue);
  }

  /**
   * Notes that a publish has waited for so long in vain. True when the queue is stalled; one that is overloaded, and
   * confirms others, is not.
   */
  waited(queue: string, ms: number): boolean {
    const now = performance.now();
    if (now - (this.#confirmedAt.get(queue) ?? -Infinity) < ms) return false;
    this.#nextTryAt.set(queue, now + TRY_EVERY_MS);
    return true;
  }

  /** False where a publish is refused. */
  admits(queue: string): boolean {
    const nextTryAt = this.#nextTryAt.get(queue);
    if (nextTryAt === undefined) return true;
    const now = performance.now();
    if (now < nextTryAt) return false;
    this.#nextTryAt.set(queue, now + TRY_EVERY_MS);
    return true;
  }

  /** The queue has a leader that answers. */
  found(queue: string): void {
    this.#nextTryAt.delete(queue);
  }

  /** Something has changed for the better, whichever they wait for. */
  clear(): void {
    this.#nextTryAt.clear();
  }
}
