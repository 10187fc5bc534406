import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import { type Address, addressName, parseAddress } from '../../core/message.ts';
import { StoreUnavailable } from '../../sqlite/batching-thread.ts';
import type { Caller, SqliteStore } from '../../sqlite/sqlite-store.ts';
import type { ConsumeOptions, Consumer, Delivery, Outgoing, Queue, QueueDepth } from '../queue.ts';
import { AddressQueue, type MessageFile } from './address-queue.ts';
import {
  type AddressRow,
  type QueueReads,
  type QueueWrites,
  type StoredMessage,
  operationModule,
} from './queue-operations.ts';

export interface EmbeddedQueueOptions {
  readonly store: SqliteStore;
  /** Hard limit over all addresses, in bytes of message bodies. Default 8 GiB. */
  readonly maxBytes?: number;
  /** Largest body, in bytes. Default 16 MiB. */
  readonly maxMessageBytes?: number;
}

/** The compiled module that the threads of the store have to be given. */
export const EMBEDDED_QUEUE_MODULE: URL = new URL('./queue-operations.js', import.meta.url);

const GIB = 2 ** 30;
const MIB = 2 ** 20;

interface Batch {
  readonly messages: StoredMessage[];
  readonly committed: Promise<void>;
}

/** An address, and what of it is in the file. */
interface Entry {
  readonly queue: AddressQueue;
  messages: number;
  bytes: number;
}

/** The message queue in the file of a SqliteStore, for one process. */
export class EmbeddedQueue implements Queue {
  readonly maxMessageBytes: number;
  readonly #store: SqliteStore;
  readonly #writes: Caller<QueueWrites>;
  readonly #reads: Caller<QueueReads>;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>();
  readonly #opening = new Map<string, Promise<Entry>>();
  /** What is on its way into the file. */
  #reserved = 0;
  #batch: Batch | undefined;

  private constructor({ store, maxBytes = 8 * GIB, maxMessageBytes = 16 * MIB }: EmbeddedQueueOptions) {
    this.#store = store;
    this.#writes = store.writes(operationModule);
    this.#reads = store.reads(operationModule);
    this.#maxBytes = maxBytes;
    this.maxMessageBytes = maxMessageBytes;
  }

  static async open(options: EmbeddedQueueOptions): Promise<EmbeddedQueue> {
    const queue = new EmbeddedQueue(options);
    for (const row of await queue.#reads('addresses')) queue.#enter(row);
    options.store.onReopened(() => queue.#rescan());
    return queue;
  }

  async publish(messages: readonly Outgoing[]): Promise<void> {
    const sizes = messages.map(({ body }) => Buffer.byteLength(body));
    const total = this.#admit(sizes);
    try {
      const entries = await Promise.all(messages.map(({ address }) => this.#at(address)));
      const stored = messages.map(({ body }, index): StoredMessage => [
        entries[index]?.queue.takeSequence() ?? 0,
        sizes[index] ?? 0,
        body,
      ]);
      await this.#commit(stored);
      for (const [index, entry] of entries.entries()) {
        entry.messages += 1;
        entry.bytes += sizes[index] ?? 0;
      }
      for (const entry of new Set(entries)) entry.queue.arrived();
    } catch (thrown) {
      throw unavailable(thrown);
    } finally {
      this.#reserved -= total;
    }
  }

  async consume(
    address: Address,
    options: ConsumeOptions,
    onBatch: (deliveries: Delivery[]) => void,
  ): Promise<Consumer> {
    const entry = await this.#at(address).catch((thrown: unknown) => Promise.reject(unavailable(thrown)));
    return entry.queue.consume(options, onBatch);
  }

  async depth(): Promise<QueueDepth> {
    const addresses = Array.from(this.#entries.values(), ({ queue, messages, bytes }) => ({
      address: queue.address,
      messages,
      bytes,
    }));
    return { addresses, fullness: this.#bytes / this.#maxBytes };
  }

  health(): Promise<Health> {
    return Promise.resolve(this.#store.health());
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    await Promise.all(Array.from(this.#entries.values(), ({ queue }) => queue.close()));
  }

  /** One call for all that is published in one turn of the event loop: carrying a call costs as much as a message. */
  #commit(messages: readonly StoredMessage[]): Promise<void> {
    this.#batch ??= this.#beginBatch();
    this.#batch.messages.push(...messages);
    return this.#batch.committed;
  }

  #beginBatch(): Batch {
    const messages: StoredMessage[] = [];
    const turn = new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    const committed = turn.then(() => {
      this.#batch = undefined;
      return this.#writes('publish', messages);
    });
    return { messages, committed };
  }

  /** Reserves room for the messages. */
  #admit(sizes: readonly number[]): number {
    let total = 0;
    for (const bytes of sizes) {
      if (bytes > this.maxMessageBytes) {
        throw new SluiceError('SLUICE_MESSAGE_TOO_LARGE', { bytes, limit: this.maxMessageBytes });
      }
      total += bytes;
    }
    if (this.#bytes + total > this.#maxBytes) throw new SluiceError('SLUICE_QUEUE_FULL');
    this.#reserved += total;
    return total;
  }

  get #bytes(): number {
    let bytes = this.#reserved;
    for (const entry of this.#entries.values()) bytes += entry.bytes;
    return bytes;
  }

  async #at(address: Address): Promise<Entry> {
    const name = addressName(address);
    const known = this.#entries.get(name) ?? this.#opening.get(name);
    if (known) return known;
    const made = this.#writes('address', name).then((row) => this.#entries.get(name) ?? this.#enter(row));
    this.#opening.set(name, made);
    try {
      return await made;
    } finally {
      this.#opening.delete(name);
    }
  }

  #enter(row: AddressRow): Entry {
    const file: MessageFile = {
      next: (after, upTo, limit) => this.#reads('next', { after, upTo, limit }),
      ack: (messages) => this.#ack(entry, messages),
    };
    const { messages, bytes } = row;
    const entry: Entry = { queue: new AddressQueue(parseAddress(row.name), row, file), messages, bytes };
    this.#entries.set(row.name, entry);
    return entry;
  }

  async #ack(entry: Entry, messages: readonly StoredMessage[]): Promise<void> {
    try {
      const removed = await this.#writes(
        'ack',
        messages.map(([sequence, bytes]) => [sequence, bytes]),
      );
      entry.messages -= removed.length;
      entry.bytes -= removed.reduce((sum, [, bytes]) => sum + bytes, 0);
    } catch (thrown) {
      throw unavailable(thrown);
    }
  }

  /** Publishes and acknowledgements that had seemed to fail may have happened: the file knows. */
  async #rescan(): Promise<void> {
    for (const row of await this.#writes('addresses')) {
      const { queue } = Object.assign(this.#entries.get(row.name) ?? this.#enter(row), {
        messages: row.messages,
        bytes: row.bytes,
      });
      queue.rescan();
    }
  }
}

function unavailable(thrown: unknown): unknown {
  if (!(thrown instanceof StoreUnavailable)) return thrown;
  return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: messageOf(thrown) }, { cause: thrown });
}
