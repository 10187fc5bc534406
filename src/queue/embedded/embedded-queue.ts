import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import { type Address, addressName, parseAddress } from '../../core/message.ts';
import { StoreUnavailable } from '../../sqlite/batching-thread.ts';
import type { Caller, SqliteStore } from '../../sqlite/sqlite-store.ts';
import type { ConsumeOptions, Consumer, Delivery, Outgoing, Queue, QueueDepth } from '../queue.ts';
import { AddressQueue, type MessageFile } from './address-queue.ts';
import {
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
  readonly #entries = new Map<string, Promise<Entry>>();
  #bytes = 0;
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
    for (const row of await queue.#reads('addresses')) {
      const address = parseAddress(row.name);
      queue.#bytes += row.bytes;
      queue.#entries.set(row.name, Promise.resolve(queue.#entry(address, row)));
    }
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
      this.#bytes -= total;
      throw unavailable(thrown);
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
    const entries = await Promise.all(this.#entries.values());
    return {
      addresses: entries.map(({ queue, messages, bytes }) => ({ address: queue.address, messages, bytes })),
      fullness: this.#bytes / this.#maxBytes,
    };
  }

  health(): Promise<Health> {
    return Promise.resolve(this.#store.health());
  }

  async close(): Promise<void> {
    const entries = await Promise.all(this.#entries.values());
    await Promise.all(entries.map(({ queue }) => queue.close()));
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
    this.#bytes += total;
    return total;
  }

  #at(address: Address): Promise<Entry> {
    const name = addressName(address);
    const known = this.#entries.get(name);
    if (known) return known;
    const made = this.#writes('address', name).then((row) => this.#entry(address, row));
    this.#entries.set(name, made);
    made.catch(() => this.#entries.delete(name));
    return made;
  }

  #entry(address: Address, row: Awaited<ReturnType<QueueWrites['address']>>): Entry {
    const file: MessageFile = {
      next: (after, upTo, limit) => this.#reads('next', { after, upTo, limit }),
      ack: async (messages) => {
        await this.#writes(
          'ack',
          messages.map(([sequence, bytes]) => [sequence, bytes]),
        ).catch((thrown: unknown) => Promise.reject(unavailable(thrown)));
        const bytes = messages.reduce((sum, [, size]) => sum + size, 0);
        entry.messages -= messages.length;
        entry.bytes -= bytes;
        this.#bytes -= bytes;
      },
    };
    const entry: Entry = {
      queue: new AddressQueue(address, row, file),
      messages: row.messages,
      bytes: row.bytes,
    };
    return entry;
  }

  /** Publishes and acknowledgements that had seemed to fail may have happened: the file knows. */
  async #rescan(): Promise<void> {
    const rows = await this.#reads('addresses');
    this.#bytes = rows.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, messages, bytes } of rows) {
      const entry = await this.#at(parseAddress(name));
      entry.messages = messages;
      entry.bytes = bytes;
      entry.queue.rescan();
    }
  }
}

function unavailable(thrown: unknown): unknown {
  if (!(thrown instanceof StoreUnavailable)) return thrown;
  return new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: messageOf(thrown) }, { cause: thrown });
}
