import { SluiceError } from '../../src/core/errors.ts';
import type { ConsumeOptions, Consumer, Delivery, Outgoing, Queue } from '../../src/queue/queue.ts';

/** What a queue does with a message; `nothing`: it holds it without an answer; `is unsure`: it stores it and fails. */
export type Answer = 'stores' | 'is away' | 'is full' | 'is too small' | 'is unsure' | 'nothing';

interface Held {
  readonly messages: readonly Outgoing[];
  readonly settle: (outcome: Promise<'disk' | void>) => void;
}

const CODES = {
  'is away': 'SLUICE_QUEUE_UNAVAILABLE',
  'is full': 'SLUICE_QUEUE_FULL',
  'is too small': 'SLUICE_MESSAGE_TOO_LARGE',
  'is unsure': 'SLUICE_QUEUE_UNAVAILABLE',
} as const;

/** A real queue that can be made to refuse, or to say nothing. */
export class MoodyQueue implements Queue {
  answer: Answer | ((body: string) => Answer) = 'stores';
  /** False where what is acknowledged can not be forgotten. */
  forgets = true;
  /** How often something could not be. */
  unforgotten = 0;
  maxMessageBytes: number;
  /** Every body that it was ever asked to take. */
  readonly asked: string[] = [];
  readonly #real: Queue;
  #held: Held[] = [];

  constructor(real: Queue) {
    this.#real = real;
    this.maxMessageBytes = real.maxMessageBytes;
  }

  /** How many publishes it has not answered. */
  get held(): number {
    return this.#held.length;
  }

  /** Answers what it holds. */
  release(answer: Exclude<Answer, 'nothing'> = 'stores'): void {
    for (const { messages, settle } of this.#held.splice(0)) settle(this.#do(answer, messages));
  }

  publish(messages: readonly Outgoing[]): Promise<'disk' | void> {
    const bodies = messages.map(({ body }) => body);
    this.asked.push(...bodies);
    const { answer } = this;
    return this.#do(typeof answer === 'string' ? answer : answer(bodies[0] ?? ''), messages);
  }

  async consume(
    address: Outgoing['address'],
    options: ConsumeOptions,
    onBatch: (deliveries: Delivery[]) => void,
  ): Promise<Consumer> {
    const real = await this.#real.consume(address, options, onBatch);
    return {
      get open() {
        return real.open;
      },
      ack: async (deliveries) => {
        if (this.forgets) return real.ack(deliveries);
        this.unforgotten += 1;
        real.giveBack(deliveries);
        throw new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: 'it forgets nothing' });
      },
      giveBack: (deliveries) => real.giveBack(deliveries),
      close: () => real.close(),
    };
  }

  depth(): ReturnType<Queue['depth']> {
    return this.#real.depth();
  }

  health(): ReturnType<Queue['health']> {
    return this.#real.health();
  }

  /** Leaves the real one open, for whoever takes over. */
  async close(): Promise<void> {
    this.release('is away');
  }

  async #do(answer: Answer, messages: readonly Outgoing[]): Promise<'disk' | void> {
    if (answer === 'stores') return this.#real.publish(messages);
    if (answer === 'nothing') {
      return new Promise((resolve) => this.#held.push({ messages, settle: resolve }));
    }
    if (answer === 'is unsure') await this.#real.publish(messages);
    throw new SluiceError(CODES[answer], { reason: `it ${answer}`, bytes: 3, limit: 2 });
  }
}
