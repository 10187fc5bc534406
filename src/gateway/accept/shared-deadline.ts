/** How much later than its deadline something may be told. */
const SLACK_MS = 100;

/** One deadline for many: whatever begins within the same tenth of a second shares a timer. */
export class SharedDeadline {
  readonly #ms: number;
  #group: Set<() => void> | undefined;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Calls `expire` once the deadline has passed, unless the function it returns is called before. */
  begin(expire: () => void): () => void {
    this.#group ??= this.#open();
    const group = this.#group;
    group.add(expire);
    return () => {
      group.delete(expire);
    };
  }

  #open(): Set<() => void> {
    const group = new Set<() => void>();
    setTimeout(() => {
      this.#group = undefined;
    }, SLACK_MS).unref();
    setTimeout(() => {
      for (const expire of group) expire();
    }, this.#ms + SLACK_MS).unref();
    return group;
  }
}
