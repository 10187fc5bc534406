import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Queue } from '../../queue/queue.ts';

/** Accepts stop here, so that retries, which need the queue too, still fit. */
const FULL = 0.95;
const SAMPLE_EVERY_MS = 500;
/** A sample older than this says nothing: the queue's own limit holds until the next. */
const SAMPLE_HOLDS_MS = 5000;

/** Decides whether one more accept may go to the queue now. */
export class Admission {
  readonly #queue: Pick<Queue, 'depth'>;
  readonly #clock: Clock;
  readonly #maxInFlight: number;
  #inFlight = 0;
  #fullness = 0;
  #sampledAt = Number.NEGATIVE_INFINITY;
  #sampling = false;

  constructor(queue: Pick<Queue, 'depth'>, clock: Clock, maxInFlight: number) {
    this.#queue = queue;
    this.#clock = clock;
    this.#maxInFlight = maxInFlight;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Counts one accept in; `leave` counts it out.
   * @throws SluiceError `SLUICE_GATEWAY_SATURATED` or `SLUICE_QUEUE_FULL`; then it was not counted
   */
  enter(): void {
    if (this.#inFlight >= this.#maxInFlight) throw new SluiceError('SLUICE_GATEWAY_SATURATED');
    const age = this.#clock.elapsed() - this.#sampledAt;
    if (age >= SAMPLE_EVERY_MS && !this.#sampling) void this.#sample();
    if (this.#fullness >= FULL && age < SAMPLE_HOLDS_MS) throw new SluiceError('SLUICE_QUEUE_FULL');
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
  }

  async #sample(): Promise<void> {
    this.#sampling = true;
    try {
      this.#fullness = (await this.#queue.depth()).fullness;
      this.#sampledAt = this.#clock.elapsed();
    } catch {
      // Unknown fullness refuses nobody: the publish itself tells what is wrong with the queue.
      this.#fullness = 0;
    } finally {
      this.#sampling = false;
    }
  }
}
