import type { AddressQueue } from './address-queue.ts';

/** An address, and what of it is in the file. */
export interface AddressEntry {
  readonly queue: AddressQueue;
  messages: number;
  bytes: number;
}

/** A message that is not in the file yet. */
export interface FreshMessage {
  readonly entry: AddressEntry;
  /** Of the body in UTF-8. */
  readonly bytes: number;
  readonly body: string;
}

/**
 * All that is published in one turn of the event loop: one call of the writer, since carrying a call to its thread costs
 * as much as a message.
 */
export class PublishBatch {
  /** As the writer takes them. */
  readonly values: (number | string)[] = [];
  readonly #added = new Map<AddressEntry, { messages: number; bytes: number }>();
  /** Of all bodies. */
  bytes = 0;

  add({ entry, bytes, body }: FreshMessage): void {
    this.values.push(entry.queue.takeSequence(), bytes, body);
    this.bytes += bytes;
    const sum = this.#added.get(entry);
    if (sum) {
      sum.messages += 1;
      sum.bytes += bytes;
    } else {
      this.#added.set(entry, { messages: 1, bytes });
    }
  }

  /** To be called when the batch is in the file. */
  stored(): void {
    for (const [entry, { messages, bytes }] of this.#added) {
      entry.messages += messages;
      entry.bytes += bytes;
      entry.queue.arrived();
    }
  }
}
