import { SluiceError } from '../../core/errors.ts';

/** What became of one message. */
type Outcome = 'stored' | 'full';

/** One call of `publish`: settled when each of its messages is, or when its time is up. */
export class PublishCall {
  readonly done: Promise<void>;
  /** Of `performance.now()`. */
  readonly deadlineAt: number;
  /** Names of the queues in RabbitMQ that it goes to. */
  readonly queues: ReadonlySet<string>;
  #resolve: () => void = () => undefined;
  #reject: (error: SluiceError) => void = () => undefined;
  #open = true;
  #left: number;
  #stored = 0;
  #full = false;
  #uncertain = false;

  /** @param queues of its messages, one for each */
  constructor(queues: readonly string[], deadlineAt: number) {
    this.#left = queues.length;
    this.queues = new Set(queues);
    this.deadlineAt = deadlineAt;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** False once it is settled: nothing of it is sent any more. */
  get open(): boolean {
    return this.#open;
  }

  /** A message was under way when its connection died, so nobody knows whether it was stored. */
  uncertain(): void {
    this.#uncertain = true;
  }

  settled(outcome: Outcome): void {
    this.#left -= 1;
    if (outcome === 'stored') this.#stored += 1;
    else this.#full = true;
    if (this.#left > 0 || !this.#open) return;
    if (this.#full) this.fail(this.#refusal());
    else this.#end(this.#resolve);
  }

  fail(error: SluiceError): void {
    this.#end(() => this.#reject(error));
  }

  /** That the queue is full is said only where that means that nothing was stored. */
  #refusal(): SluiceError {
    if (this.#stored === 0 && !this.#uncertain) return new SluiceError('SLUICE_QUEUE_FULL');
    return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: 'the queue is full, a part was stored' });
  }

  #end(settle: () => void): void {
    if (!this.#open) return;
    this.#open = false;
    settle();
  }
}

/** One message of a call, on its way. */
export interface Outbound {
  readonly call: PublishCall;
  /** Name of its queue in RabbitMQ. */
  readonly queue: string;
  readonly body: Buffer;
}
