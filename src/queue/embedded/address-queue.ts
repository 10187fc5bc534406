import type { Address } from '../../core/message.ts';
import type { ConsumeOptions, Consumer, Delivery } from '../queue.ts';
import { EmbeddedConsumer } from './embedded-consumer.ts';
import { type AddressRow, type StoredMessage, firstSequence } from './queue-operations.ts';

/** What an address needs of the file. */
export interface MessageFile {
  next(after: number, upTo: number, limit: number): Promise<readonly StoredMessage[]>;
  ack(messages: readonly StoredMessage[]): Promise<void>;
}

const RETRY_MS = 200;

/**
 * The messages of one address. The file holds them in order; this reads on from a cursor as consumers have room, and
 * remembers what is out with a consumer. That memory needs no disk: when the process dies, so do its consumers, and
 * what they had not acknowledged is still in the file.
 */
export class AddressQueue {
  readonly address: Address;
  readonly #file: MessageFile;
  readonly #first: number;
  readonly #end: number;
  readonly #consumers: EmbeddedConsumer[] = [];
  /** Delivered or waiting to be delivered again: in the file, and not to be read from it. */
  readonly #held = new Set<number>();
  #returned: StoredMessage[] = [];
  #cursor: number;
  #lastSequence: number;
  /** Raised when the file may hold more than was read. */
  #arrivals = 1;
  #exhaustedAt = 0;
  #reading = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(address: Address, row: AddressRow, file: MessageFile) {
    this.address = address;
    this.#file = file;
    this.#first = firstSequence(row.number);
    this.#end = firstSequence(row.number + 1) - 1;
    this.#cursor = this.#first;
    this.#lastSequence = Math.max(row.lastSequence, this.#first);
  }

  /** Sequence numbers rise in the order in which they are committed, so a cursor never passes one by. */
  takeSequence(): number {
    this.#lastSequence += 1;
    return this.#lastSequence;
  }

  /** Something was published here. */
  arrived(): void {
    this.#arrivals += 1;
    this.#pump();
  }

  /** The file was opened anew and may hold messages, behind the cursor, whose publishing had seemed to fail. */
  rescan(): void {
    this.#cursor = this.#first;
    this.arrived();
  }

  consume(options: ConsumeOptions, onBatch: (deliveries: Delivery[]) => void): Consumer {
    const consumer = new EmbeddedConsumer(this.address, options.prefetch, onBatch, {
      ack: (messages) => this.#ack(messages),
      giveBack: (messages) => this.#giveBack(messages),
      hasRoom: () => this.#pump(),
      closed: () => this.#consumers.splice(this.#consumers.indexOf(consumer), 1),
    });
    this.#consumers.push(consumer);
    this.#pump();
    return consumer;
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry);
    await Promise.all(this.#consumers.slice().map((consumer) => consumer.close()));
    clearTimeout(this.#retry);
  }

  async #ack(messages: readonly StoredMessage[]): Promise<void> {
    await this.#file.ack(messages);
    for (const [sequence] of messages) this.#held.delete(sequence);
  }

  #giveBack(messages: readonly StoredMessage[]): void {
    this.#returned = [...messages, ...this.#returned].sort(([a], [b]) => a - b);
    this.#pump();
  }

  /** Delivers until the consumers are full or nothing is left. */
  #pump(): void {
    this.#deliverReturned();
    if (this.#reading || this.#exhaustedAt === this.#arrivals || this.#room() === 0) return;
    this.#reading = true;
    this.#readOn()
      .then(() => {
        this.#reading = false;
        this.#pump();
      })
      .catch(() => {
        // Reads fail only while the file can not be read.
        this.#reading = false;
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#pump(), RETRY_MS);
      });
  }

  #deliverReturned(): void {
    while (this.#returned.length > 0 && this.#room() > 0) {
      const [consumer] = this.#withRoom();
      consumer?.deliver(this.#returned.splice(0, consumer.room));
    }
  }

  async #readOn(): Promise<void> {
    const arrivals = this.#arrivals;
    const limit = this.#room();
    const cursor = this.#cursor;
    const messages = await this.#file.next(cursor, this.#end, limit);
    if (this.#cursor !== cursor) return;
    this.#cursor = messages.at(-1)?.[0] ?? cursor;
    if (messages.length < limit) this.#exhaustedAt = arrivals;
    const fresh = messages.filter(([sequence]) => !this.#held.has(sequence));
    for (const [sequence] of fresh) this.#held.add(sequence);
    this.#returned.push(...fresh);
  }

  #room(): number {
    return this.#consumers.reduce((room, consumer) => room + consumer.room, 0);
  }

  /** The emptiest first, so that consumers share evenly. */
  #withRoom(): EmbeddedConsumer[] {
    return this.#consumers.filter(({ room }) => room > 0).sort((a, b) => b.room - a.room);
  }
}
