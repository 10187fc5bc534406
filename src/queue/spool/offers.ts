import { SluiceError } from '../../core/errors.ts';
import type { Delivery, Queue } from '../queue.ts';
import { failureReason } from './failure-reason.ts';
import { Pause } from './pause.ts';

export interface OfferOutcomes {
  readonly taken: (delivery: Delivery) => void;
  /** The target will never take it. */
  readonly tooLarge: (delivery: Delivery, error: SluiceError) => void;
  /** The target has taken something, or has said that it is full. */
  readonly answered: () => void;
  /** Something was not taken, and is offered again. */
  readonly failed: (reason: string) => void;
}

/** So many are offered while nothing is taken: with a target that hangs, each offer may be one more copy in the end. */
const OFFERED_IN_VAIN = 8;

interface Numbered {
  readonly number: number;
  readonly delivery: Delivery;
}

/**
 * Offers messages to the target until it has taken them, oldest first. Each is a publish of its own, so that none waits
 * for what becomes of another, and what the target has taken is not offered again.
 */
export class Offers {
  readonly #target: Queue;
  readonly #outcomes: OfferOutcomes;
  readonly #pause = new Pause();
  #waiting: Numbered[] = [];
  #last = 0;
  #underWay = 0;
  /** Nothing was taken since something was not. */
  #failing = false;
  #closed = false;

  constructor(target: Queue, outcomes: OfferOutcomes) {
    this.#target = target;
    this.#outcomes = outcomes;
  }

  add(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      this.#last += 1;
      this.#waiting.push({ number: this.#last, delivery });
    }
    this.#go();
  }

  /** Nothing is offered any more, and no outcome told. */
  close(): void {
    this.#closed = true;
    this.#pause.stop();
  }

  #go(): void {
    if (this.#closed || this.#pause.on) return;
    const most = this.#failing ? Math.max(0, OFFERED_IN_VAIN - this.#underWay) : this.#waiting.length;
    this.#waiting.sort((a, b) => a.number - b.number);
    // In one turn of the event loop, within which the target keeps the order.
    for (const one of this.#waiting.splice(0, most)) void this.#offer(one);
  }

  async #offer(one: Numbered): Promise<void> {
    this.#underWay += 1;
    const failure = await this.#target.publish([one.delivery]).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    this.#underWay -= 1;
    if (this.#closed) return;
    if (failure) this.#refused(one, failure.error);
    else this.#taken(one);
    this.#go();
  }

  #taken({ delivery }: Numbered): void {
    this.#failing = false;
    this.#pause.reset();
    this.#outcomes.answered();
    this.#outcomes.taken(delivery);
  }

  #refused(one: Numbered, error: unknown): void {
    if (SluiceError.is(error, 'SLUICE_MESSAGE_TOO_LARGE')) {
      this.#outcomes.tooLarge(one.delivery, error);
      return;
    }
    this.#waiting.push(one);
    this.#failing = true;
    if (SluiceError.is(error, 'SLUICE_QUEUE_FULL')) this.#outcomes.answered();
    this.#outcomes.failed(failureReason(error));
    this.#pause.begin(() => this.#go());
  }
}
