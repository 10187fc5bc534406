import { type Address, addressName } from '../../core/message.ts';

/** An address whose queue is there, as far as this process knows. */
export interface KnownAddress {
  readonly address: Address;
  /** Name of its queue in RabbitMQ. */
  readonly queue: string;
  /** Of the bodies that this process published here lately; 0 before the first. */
  averageBytes: number;
}

/** How many of the latest bodies make up the average, roughly. */
const AVERAGED = 64;

/** The addresses whose queues this process has declared. */
export class AddressBook {
  readonly #prefix: string;
  readonly #declare: (queue: string) => Promise<void>;
  readonly #known = new Map<string, KnownAddress>();
  readonly #declaring = new Map<string, Promise<KnownAddress>>();

  constructor(prefix: string, declare: (queue: string) => Promise<void>) {
    this.#prefix = prefix;
    this.#declare = declare;
  }

  get all(): KnownAddress[] {
    return [...this.#known.values()];
  }

  /** @param queue as `queueOf` has it */
  known(queue: string): KnownAddress | undefined {
    return this.#known.get(queue);
  }

  /** Name of its queue in RabbitMQ, whether that is there or not. */
  queueOf(address: Address): string {
    return `${this.#prefix}.${addressName(address)}`;
  }

  /** Declares the queue of `address` unless that was done. Rejects where it can not be. */
  async open(address: Address): Promise<KnownAddress> {
    const queue = this.queueOf(address);
    const found = this.#known.get(queue) ?? this.#declaring.get(queue);
    if (found) return found;
    const opening = this.#declare(queue).then(() => {
      const known: KnownAddress = { address, queue, averageBytes: 0 };
      this.#known.set(queue, known);
      return known;
    });
    this.#declaring.set(queue, opening);
    try {
      return await opening;
    } finally {
      this.#declaring.delete(queue);
    }
  }
}

/** Notes the size of one more body. */
export function noteSize(known: KnownAddress, bytes: number): void {
  known.averageBytes += (bytes - known.averageBytes) / (known.averageBytes === 0 ? 1 : AVERAGED);
}
