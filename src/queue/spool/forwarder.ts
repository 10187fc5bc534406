import { setTimeout as pause } from 'node:timers/promises';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { type Address, addressName } from '../../core/message.ts';
import type { Consumer, Delivery, Depth, Outgoing, Queue } from '../queue.ts';

const BATCH = 256;
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 2000;

interface Line {
  readonly consumer: Promise<Consumer>;
  /** What came last is forwarded. */
  forwarded: Promise<void>;
}

/** Keeps messages in the spool, and takes them from there to the target, in the order they came in. */
export class Forwarder {
  readonly #target: Queue;
  readonly #spool: Queue;
  readonly #logger: Logger;
  readonly #lines = new Map<string, Line>();
  readonly #closing = new AbortController();
  /** Rejects at the close, which does not wait for what the target has still to say. */
  readonly #closed: Promise<never>;
  /** Names of the addresses of which the target has taken nothing since it last took too long. */
  readonly #away = new Set<string>();
  #left = 0;
  #storing = 0;
  #failure: string | undefined;
  #onIdle: (() => void) | undefined;

  constructor(target: Queue, spool: Queue, logger: Logger) {
    this.#target = target;
    this.#spool = spool;
    this.#logger = logger;
    this.#closed = new Promise((_resolve, reject) => {
      this.#closing.signal.addEventListener('abort', () => reject(new Error('the spool is closing')));
    });
    this.#closed.catch(() => undefined);
  }

  /** Messages in the spool. */
  get left(): number {
    return this.#left;
  }

  /** Whether it is in vain, as far as is known, to ask the target to take all of these. */
  isAway(messages: readonly Outgoing[]): boolean {
    // What is in the spool is forwarded in the end; without anything in it, nothing would take an address out again.
    return !this.#idle && messages.some(({ address }) => this.#away.has(addressName(address)));
  }

  /** Notes that the target has not taken these. */
  tookTooLong(messages: readonly Outgoing[]): void {
    for (const { address } of messages) this.#away.add(addressName(address));
  }

  async begin(): Promise<void> {
    for (const { address, messages } of await this.#count()) {
      if (messages > 0) this.#open(address);
    }
    if (this.#left > 0) this.#logger.info('tasks of an earlier start are forwarded', { count: this.#left });
  }

  /**
   * Resolves when the messages are synced to the disk.
   * @throws SluiceError as `Queue.publish` of the spool
   */
  async store(messages: readonly Outgoing[]): Promise<void> {
    if (this.#idle)
      this.#logger.warn('the queue does not confirm; tasks are kept on this disk until it does');
    this.#storing += 1;
    try {
      await this.#spool.publish(messages);
      await this.#count();
    } finally {
      this.#storing -= 1;
    }
    for (const { address } of messages) this.#open(address);
  }

  async drain(withinMs: number): Promise<number> {
    if (!this.#idle) {
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      const late = new AbortController();
      await Promise.race([idle, pause(withinMs, undefined, { signal: late.signal })]);
      late.abort();
    }
    return this.#left;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const { consumer, forwarded } of this.#lines.values()) {
      await forwarded;
      await consumer.then(
        (open) => open.close(),
        () => undefined,
      );
    }
  }

  #open(address: Address): void {
    const name = addressName(address);
    if (this.#lines.has(name) || this.#closing.signal.aborted) return;
    const consumer = this.#spool.consume(address, { prefetch: BATCH }, (deliveries) => {
      line.forwarded = line.forwarded.then(async () => this.#forward(name, deliveries, await consumer));
    });
    const line: Line = { consumer, forwarded: Promise.resolve() };
    this.#lines.set(name, line);
    // Tried again with the next message of this address.
    consumer.catch(() => this.#lines.delete(name));
  }

  /** Goes on until the target has them all: a spooled task is an accepted task. */
  async #forward(name: string, deliveries: readonly Delivery[], consumer: Consumer): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#closing.signal.aborted) {
      try {
        await Promise.race([this.#target.publish(deliveries), this.#closed]);
        this.#away.delete(name);
        await consumer.ack(deliveries);
        await this.#count();
        if (this.#idle) this.#emptied();
        return;
      } catch (error) {
        if (!this.#closing.signal.aborted) this.#tellFailure(reasonOf(error));
      }
      await pause(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2);
    }
  }

  /** Nothing is in the spool or on its way there. */
  get #idle(): boolean {
    return this.#left === 0 && this.#storing === 0;
  }

  #tellFailure(reason: string): void {
    if (reason !== this.#failure) {
      this.#logger.warn('what is kept on this disk can not be forwarded yet', { reason });
    }
    this.#failure = reason;
  }

  #emptied(): void {
    this.#failure = undefined;
    this.#logger.info('the queue has taken every task that was kept on this disk');
    this.#onIdle?.();
  }

  /** Asked of the spool each time: what it delivers again after a fault of its disk is not there twice. */
  async #count(): Promise<readonly Depth[]> {
    const { addresses } = await this.#spool.depth();
    this.#left = addresses.reduce((sum, { messages }) => sum + messages, 0);
    return addresses;
  }
}

/** The message of an error of the queue is for those whose request it was. */
function reasonOf(thrown: unknown): string {
  const reason = SluiceError.is(thrown) ? thrown.data['reason'] : undefined;
  return typeof reason === 'string' ? reason : messageOf(thrown);
}
