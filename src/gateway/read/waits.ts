import { within } from '../../core/deadline.ts';
import type { TaskId } from '../../core/task-id.ts';
import { taskTopic } from '../../core/topics.ts';
import type { Signals } from '../../signals/signals.ts';
import type { Reading, TaskReader } from './task-reader.ts';

/** A signal may be lost, and then this is how long it takes until the change is seen. */
const POLL_MS = 1000;
const SUBSCRIBE_MS = 100;

export interface WaitRequest {
  readonly id: TaskId;
  readonly tenant: string;
  readonly forMs: number;
  /** The wait is over when this is true of what was read. */
  readonly until: (reading: Reading) => boolean;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** The requests that are held until their task has changed. */
export class Waits {
  readonly #reader: TaskReader;
  readonly #signals: Signals;
  readonly #max: number;
  readonly #release = new AbortController();
  #open = 0;

  constructor(reader: TaskReader, signals: Signals, max: number) {
    this.#reader = reader;
    this.#signals = signals;
    this.#max = max;
  }

  /** How many requests are held. */
  get open(): number {
    return this.#open;
  }

  /** Ends every wait, of now and of later, with what is known by then. */
  releaseAll(): void {
    this.#release.abort();
  }

  /** The first reading that fits, or the last before the time is over. Where there are too many waits, does not wait. */
  async wait(request: WaitRequest): Promise<Reading> {
    const { id, tenant } = request;
    if (!this.#mayHold(request)) return this.#reader.read(id, tenant, 'fresh');
    this.#open++;
    const bell = new Bell();
    const ring = (): void => bell.ring();
    const end = (): void => bell.end();
    const subscription = this.#signals.subscribe(taskTopic(id.text), ring);
    const timer = setTimeout(end, request.forMs);
    const poll = setInterval(ring, POLL_MS);
    request.signal.addEventListener('abort', end);
    this.#release.signal.addEventListener('abort', end);
    try {
      await this.#subscribed(subscription, ring);
      return await this.#watch(request, bell);
    } finally {
      this.#open--;
      clearTimeout(timer);
      clearInterval(poll);
      request.signal.removeEventListener('abort', end);
      this.#release.signal.removeEventListener('abort', end);
      subscription.then(
        (unsubscribe) => unsubscribe(),
        () => undefined,
      );
    }
  }

  /** A signal that is aborted already would end nothing. */
  #mayHold({ forMs, signal }: WaitRequest): boolean {
    return forMs > 0 && this.#open < this.#max && !signal.aborted && !this.#release.signal.aborted;
  }

  /** Read after this, and no change is missed: one that comes before a late subscription is found by the late ring. */
  async #subscribed(subscription: Promise<unknown>, ring: () => void): Promise<void> {
    try {
      await within(SUBSCRIBE_MS, subscription);
    } catch {
      subscription.then(ring, ring);
    }
  }

  async #watch({ id, tenant, until }: WaitRequest, bell: Bell): Promise<Reading> {
    for (;;) {
      const ended = bell.ended;
      const reading = await this.#reader.read(id, tenant, 'fresh');
      if (ended || until(reading)) return reading;
      await bell.rung();
    }
  }
}

/** Wakes one sleeper; a ring while it is awake is kept for its next sleep. */
class Bell {
  #rings = false;
  #ended = false;
  #wake: (() => void) | undefined;

  get ended(): boolean {
    return this.#ended;
  }

  ring(): void {
    this.#rings = true;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.ring();
  }

  rung(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        this.#rings = false;
        resolve();
      };
      if (this.#rings) this.#wake();
    });
  }
}
