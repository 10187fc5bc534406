import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import { type Address, addressName, parseAddress } from '../../core/message.ts';
import { StoreUnavailable } from '../../sqlite/batching-thread.ts';
import type { Caller, SqliteStore } from '../../sqlite/sqlite-store.ts';
import type { ConsumeOptions, Consumer, Delivery, Outgoing, Queue, QueueDepth } from '../queue.ts';
import { AddressQueue, type MessageFile } from './address-queue.ts';
import { type AddressEntry, type FreshMessage, PublishBatch } from './publish-batch.ts';
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

/** The message queue in the file of a SqliteStore, for one process. */
export class EmbeddedQueue implements Queue {
  readonly maxMessageBytes: number;
  readonly #store: SqliteStore;
  readonly #writes: Caller<QueueWrites>;
  readonly #reads: Caller<QueueReads>;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, AddressEntry>();
  readonly #opening = new Map<string, Promise<AddressEntry>>();
  #batch: { readonly batch: PublishBatch; readonly committed: Promise<void> } | undefined;
  readonly #committing = new Set<PublishBatch>();

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
    const strangers = messages.filter(({ address }) => !this.#entries.has(addressName(address)));
    for (const { address } of strangers) await this.#at(address).catch(rejectUnavailable);
    const fresh = messages.map(({ address, body }) => ({
      entry: this.#known(address),
      bytes: Buffer.byteLength(body),
      body,
    }));
    this.#admit(fresh);
    this.#batch ??= this.#beginBatch();
    for (const message of fresh) this.#batch.batch.add(message);
    return this.#batch.committed;
  }

  async consume(
    address: Address,
    options: ConsumeOptions,
    onBatch: (deliveries: Delivery[]) => void,
  ): Promise<Consumer> {
    const entry = await this.#at(address).catch(rejectUnavailable);
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

  #beginBatch(): { readonly batch: PublishBatch; readonly committed: Promise<void> } {
    const batch = new PublishBatch();
    const turn = new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    return { batch, committed: turn.then(() => this.#commit(batch)) };
  }

  async #commit(batch: PublishBatch): Promise<void> {
    this.#batch = undefined;
    this.#committing.add(batch);
    try {
      await this.#writes('publish', batch.values);
      batch.stored();
    } catch (thrown) {
      throw unavailable(thrown);
    } finally {
      this.#committing.delete(batch);
    }
  }

  /** @throws SluiceError `SLUICE_MESSAGE_TOO_LARGE` or `SLUICE_QUEUE_FULL` */
  #admit(messages: readonly FreshMessage[]): void {
    let total = 0;
    for (const { bytes } of messages) {
      if (bytes > this.maxMessageBytes) {
        throw new SluiceError('SLUICE_MESSAGE_TOO_LARGE', { bytes, limit: this.maxMessageBytes });
      }
      total += bytes;
    }
    if (this.#bytes + total > this.#maxBytes) throw new SluiceError('SLUICE_QUEUE_FULL');
  }

  /** In the file and on the way into it. */
  get #bytes(): number {
    let bytes = this.#batch?.batch.bytes ?? 0;
    for (const batch of this.#committing) bytes += batch.bytes;
    for (const entry of this.#entries.values()) bytes += entry.bytes;
    return bytes;
  }

  #known(address: Address): AddressEntry {
    const entry = this.#entries.get(addressName(address));
    if (!entry) throw new Error(`the address ${addressName(address)} is not open`);
    return entry;
  }

  async #at(address: Address): Promise<AddressEntry> {
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

  #enter(row: AddressRow): AddressEntry {
    const file: MessageFile = {
      next: (after, upTo, limit) => this.#reads('next', { after, upTo, limit }),
      ack: (messages) => this.#ack(entry, messages),
    };
    const { messages, bytes } = row;
    const entry: AddressEntry = {
      queue: new AddressQueue(parseAddress(row.name), row, file),
      messages,
      bytes,
    };
    this.#entries.set(row.name, entry);
    return entry;
  }

  async #ack(entry: AddressEntry, messages: readonly StoredMessage[]): Promise<void> {
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

function rejectUnavailable(thrown: unknown): Promise<never> {
  return Promise.reject(unavailable(thrown));
}
