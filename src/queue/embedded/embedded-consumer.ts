import type { Address } from '../../core/message.ts';
import type { Consumer, Delivery } from '../queue.ts';
import type { StoredMessage } from './queue-operations.ts';

/** What a consumer asks of its address. */
export interface ConsumerOwner {
  ack(messages: readonly StoredMessage[]): Promise<void>;
  giveBack(messages: readonly StoredMessage[]): void;
  hasRoom(): void;
  closed(): void;
}

/** The deliveries that one consumer holds. */
export class EmbeddedConsumer implements Consumer {
  readonly #address: Address;
  readonly #prefetch: number;
  readonly #onBatch: (deliveries: Delivery[]) => void;
  readonly #owner: ConsumerOwner;
  readonly #unacknowledged = new Map<Delivery, StoredMessage>();
  #closed = false;

  constructor(
    address: Address,
    prefetch: number,
    onBatch: (deliveries: Delivery[]) => void,
    owner: ConsumerOwner,
  ) {
    this.#address = address;
    this.#prefetch = prefetch;
    this.#onBatch = onBatch;
    this.#owner = owner;
  }

  get open(): boolean {
    return !this.#closed;
  }

  /** How many more deliveries it takes. */
  get room(): number {
    return this.#closed ? 0 : Math.max(0, this.#prefetch - this.#unacknowledged.size);
  }

  deliver(messages: readonly StoredMessage[]): void {
    const deliveries = messages.map((message): Delivery => {
      const delivery = { address: this.#address, body: message[2] };
      this.#unacknowledged.set(delivery, message);
      return delivery;
    });
    this.#onBatch(deliveries);
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    const messages = this.#release(deliveries);
    if (messages.length === 0) return;
    try {
      await this.#owner.ack(messages);
    } catch (thrown) {
      this.#owner.giveBack(messages);
      throw thrown;
    }
    this.#owner.hasRoom();
  }

  giveBack(deliveries: readonly Delivery[]): void {
    this.#owner.giveBack(this.#release(deliveries));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.closed();
    this.giveBack([...this.#unacknowledged.keys()]);
  }

  #release(deliveries: readonly Delivery[]): StoredMessage[] {
    return deliveries.flatMap((delivery) => {
      const message = this.#unacknowledged.get(delivery);
      this.#unacknowledged.delete(delivery);
      return message ? [message] : [];
    });
  }
}
