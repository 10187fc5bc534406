import { PublishCall } from './publish-call.ts';

const LOOK_EVERY_MS = 100;

/** The calls that are not settled yet, oldest first. One timer for all: a timer of each would be felt. */
export class CallDeadlines {
  readonly #withinMs: number;
  readonly #onLate: (call: PublishCall) => void;
  readonly #onLook: () => void;
  readonly #calls = new Set<PublishCall>();
  #timer: NodeJS.Timeout | undefined;
  #whenNone: (() => void)[] = [];

  /**
   * @param onLate called with each call whose time is up, to reject it
   * @param onLook called every 100 ms while there are any
   */
  constructor(withinMs: number, onLate: (call: PublishCall) => void, onLook: () => void) {
    this.#withinMs = withinMs;
    this.#onLate = onLate;
    this.#onLook = onLook;
  }

  get open(): Iterable<PublishCall> {
    return this.#calls;
  }

  /** @param queues one for each message */
  begin(queues: readonly string[]): PublishCall {
    const call = new PublishCall(queues, performance.now() + this.#withinMs);
    this.#calls.add(call);
    const settled = (): void => this.#settled(call);
    call.done.then(settled, settled);
    // Where this process itself was held up, the confirms may be there, and are read before the immediate runs.
    this.#timer ??= setInterval(() => setImmediate(() => this.#look()), LOOK_EVERY_MS);
    return call;
  }

  /** Resolves when every call is settled. */
  none(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenNone.push(resolve);
    });
  }

  #look(): void {
    if (this.#calls.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.#onLook();
    const now = performance.now();
    for (const call of this.#calls) {
      if (call.deadlineAt > now) return;
      this.#onLate(call);
    }
  }

  #settled(call: PublishCall): void {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    for (const resolve of this.#whenNone.splice(0)) resolve();
  }
}
