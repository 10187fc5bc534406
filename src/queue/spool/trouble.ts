/** Between what is told of one trouble, whatever it is. */
const QUIET_MS = 10_000;

export interface TroubleTold {
  readonly begun: (reason: string) => void;
  readonly over?: () => void;
}

/** Something that goes wrong again and again, and is told once. */
export class Trouble {
  readonly #tell: TroubleTold;
  #reason: string | undefined;
  #told: string | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(tell: TroubleTold) {
    this.#tell = tell;
  }

  /** What is wrong; undefined while nothing is. */
  get reason(): string | undefined {
    return this.#reason;
  }

  met(reason: string): void {
    this.#reason = reason;
    const now = performance.now();
    if (reason === this.#told || now - this.#toldAt < QUIET_MS) return;
    this.#told = reason;
    this.#toldAt = now;
    this.#tell.begun(reason);
  }

  over(): void {
    this.#reason = undefined;
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#tell.over?.();
  }
}
