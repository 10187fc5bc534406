/** What a process has to end, in the opposite order of its beginning. */
export class Shutdown {
  readonly #steps: ((graceMs: number) => Promise<void>)[] = [];
  #running: Promise<void> | undefined;

  add(step: (graceMs: number) => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Ends everything, once; a further call waits for the first. */
  run(graceMs: number): Promise<void> {
    this.#running ??= this.#runSteps(graceMs);
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
