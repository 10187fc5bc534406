import { type Address, addressName } from '../../src/core/message.ts';
import type { Consumer, ConsumeOptions, Delivery, Outgoing, Queue } from '../../src/queue/queue.ts';

interface Open {
  readonly address: Address;
  readonly prefetch: number;
  readonly onBatch: (deliveries: Delivery[]) => void;
  readonly unacknowledged: Set<Delivery>;
}

/** A queue in memory, as far as a worker sees it. */
export class FakeQueue implements Pick<Queue, 'publish' | 'consume'> {
  readonly #ready = new Map<string, Delivery[]>();
  readonly #open = new Set<Open>();

  async publish(messages: readonly Outgoing[]): Promise<void> {
    for (const { address, body } of messages) this.#of(address).push({ address, body });
    this.#flow();
  }

  async consume(
    address: Address,
    { prefetch }: ConsumeOptions,
    onBatch: (deliveries: Delivery[]) => void,
  ): Promise<Consumer> {
    const open: Open = { address, prefetch, onBatch, unacknowledged: new Set() };
    this.#open.add(open);
    queueMicrotask(() => this.#flow());
    const giveBack = (deliveries: readonly Delivery[]): void => {
      const back = deliveries.filter((delivery) => open.unacknowledged.delete(delivery));
      this.#of(address).unshift(...back);
      queueMicrotask(() => this.#flow());
    };
    const isOpen = (): boolean => this.#open.has(open);
    return {
      get open() {
        return isOpen();
      },
      ack: async (deliveries) => {
        for (const delivery of deliveries) open.unacknowledged.delete(delivery);
        this.#flow();
      },
      giveBack,
      close: async () => {
        this.#open.delete(open);
        giveBack([...open.unacknowledged]);
      },
    };
  }

  /** Bodies at the address that are not acknowledged. */
  bodies(address: Address): string[] {
    const held = [...this.#open].filter((open) => addressName(open.address) === addressName(address));
    const delivered = held.flatMap(({ unacknowledged }) => [...unacknowledged]);
    return [...delivered, ...this.#of(address)].map(({ body }) => body);
  }

  get consumers(): number {
    return this.#open.size;
  }

  #of(address: Address): Delivery[] {
    const name = addressName(address);
    const known = this.#ready.get(name) ?? [];
    this.#ready.set(name, known);
    return known;
  }

  #flow(): void {
    for (const { address, prefetch, onBatch, unacknowledged } of this.#open) {
      const batch = this.#of(address).splice(0, prefetch - unacknowledged.size);
      for (const delivery of batch) unacknowledged.add(delivery);
      if (batch.length > 0) onBatch(batch);
    }
  }
}
