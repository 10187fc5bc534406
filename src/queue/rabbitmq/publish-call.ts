import { SluiceError } from '../../core/errors.ts';

/** What became of one message. */
type Outcome = 'stored' | 'full';

/** One call of `publish`: settled when each of its messages is, or when its time is up. */
export class PublishCall {
  readonly done: Promise<void>;
  /** Of `performance.now()`. */
  readonly deadlineAt: number;
  /** How many of its messages are not settled, by queue. */
  readonly #left = new Map<string, number>();
  #resolve: () => void = () => undefined;
  #reject: (error: SluiceError) => void = () => undefined;
  #open = true;
  #stored = 0;
  #full = false;
  #uncertain = false;

  /** @param queues of its messages, one for each */
  constructor(queues: readonly string[], deadlineAt: number) {
    for (const queue of queues) this.#left.set(queue, this.#leftOf(queue) + 1);
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

  /** Names of the queues in RabbitMQ that a message of it is not settled for. */
  get queues(): string[] {
    return [...this.#left.keys()];
  }

  waitsFor(queue: string): boolean {
    return this.#left.has(queue);
  }

  /** A message was under way when its connection died, so nobody knows whether it was stored. */
  uncertain(): void {
    this.#uncertain = true;
  }

  /** @param queue of the one message */
  settled(queue: string, outcome: Outcome): void {
    const left = this.#leftOf(queue) - 1;
    if (left > 0) this.#left.set(queue, left);
    else this.#left.delete(queue);
    if (outcome === 'stored') this.#stored += 1;
    else this.#full = true;
    if (this.#left.size > 0 || !this.#open) return;
    if (this.#full) this.fail(this.#refusal());
    else this.#end(this.#resolve);
  }

  fail(error: SluiceError): void {
    this.#end(() => this.#reject(error));
  }

  #leftOf(queue: string): number {
    return this.#left.get(queue) ?? 0;
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
