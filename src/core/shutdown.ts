/** A timer of Node.js that is to take longer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a process has to end, in the opposite order of its beginning. */
export class Shutdown {
  readonly #steps: ((graceMs: number) => Promise<void>)[] = [];
  #running: Promise<void> | undefined;

  add(step: (graceMs: number) => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Ends everything, once; a further call waits for the first. */
  run(graceMs: number): Promise<void> {
    this.#running ??= this.#runSteps(Math.min(graceMs, LONGEST_TIMER_MS));
    return this.#running;
  }

  /** A step that fails keeps none of the others from being done. */
  async #runSteps(graceMs: number): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.toReversed()) {
      await step(graceMs).catch((failure: unknown) => failures.push(failure));
    }
    if (failures.length > 0) throw failures[0];
  }
}
