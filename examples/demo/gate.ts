/** Lets through as many as are allowed so far; the rest wait until more are. */
export class Gate {
  #allowed: number;
  #passed = 0;
  #waiting: (() => void)[] = [];

  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  async pass(): Promise<void> {
    while (this.#passed >= this.#allowed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#passed += 1;
  }

  allow(allowed: number): void {
    this.#allowed = allowed;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
