import { BATCH_BYTES } from '../../core/batch-size.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Address, addressesOf, decodeMessage, type Message, type Priority } from '../../core/message.ts';
import { readTaskId, type TaskId } from '../../core/task-id.ts';
import type { Watermarks } from '../../core/watermarks.ts';
import type { Consumer, Delivery, Queue } from '../../queue/queue.ts';

/** A delivery that holds a message, and where it came from. */
export interface Taken {
  readonly delivery: Delivery;
  readonly message: Message;
  readonly id: TaskId;
  readonly source: Source;
  /** Of `performance.now()`. */
  readonly receivedAt: number;
}

/** One address that is consumed, and what of it has been delivered and not taken yet. */
export interface Source {
  readonly address: Address;
  readonly waiting: Taken[];
  consumer: Consumer | undefined;
  /** Rises by the inverse of the weight with each message taken: the lowest is next. */
  turn: number;
}

export interface IntakeOptions {
  readonly queue: Pick<Queue, 'consume'>;
  /** Names of the queues to consume, asked at each opening. */
  readonly queues: () => readonly string[];
  /** Look-ahead of each address. */
  readonly prefetch: number;
  readonly watermarks: Watermarks;
  /** Called when something can be taken. */
  readonly onDelivery: () => void;
  /** Called for what is no message of this release. */
  readonly onUnreadable: (delivery: Delivery, source: Source, error: SluiceError) => void;
}

/** How many of each are taken while all wait, so that none starves. */
const WEIGHTS: Record<Priority, number> = { high: 6, normal: 3, low: 1 };

/** Consumes every address of the queues, and holds a look-ahead that is not acknowledged, so that it is another's as soon as
 * this worker is gone. */
export class Intake {
  readonly #options: IntakeOptions;
  #sources: Source[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** True while messages can come from every address. */
  get receiving(): boolean {
    return this.#sources.length > 0 && this.#sources.every(({ consumer }) => consumer?.open);
  }

  /** How many messages can be taken. */
  get waiting(): number {
    return this.#sources.reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  /** @throws SluiceError `SLUICE_QUEUE_UNAVAILABLE`; nothing is consumed then */
  async open(): Promise<void> {
    const addresses = this.#options.queues().flatMap((name) => addressesOf(name));
    const sources = addresses.map((address): Source => ({
      address,
      waiting: [],
      consumer: undefined,
      turn: 0,
    }));
    this.#sources = sources;
    const opened = await Promise.allSettled(sources.map(async (source) => this.#consume(source)));
    const failed = opened.find((one) => one.status === 'rejected');
    if (failed) this.#sources = [];
    // It may have been closed meanwhile, when some had no consumer yet.
    if (this.#sources !== sources) await closeAll(sources);
    if (failed) throw failed.reason;
  }

  /** Stops the flow and gives back what is not acknowledged. Does not wait for an opening under way. Never rejects. */
  async close(): Promise<void> {
    const sources = this.#sources;
    this.#sources = [];
    await closeAll(sources);
  }

  /** Up to `limit` messages that are not too much for one claim, in the order of the weights; within one address in the
   * order they came. */
  take(limit: number): Taken[] {
    const taken: Taken[] = [];
    let bytes = 0;
    while (taken.length < limit) {
      const source = this.#next();
      const next = source?.waiting[0];
      if (!source || !next) break;
      bytes += next.delivery.body.length;
      if (taken.length > 0 && bytes > BATCH_BYTES) break;
      source.waiting.shift();
      source.turn += 1 / WEIGHTS[source.address.priority];
      taken.push(next);
    }
    return taken;
  }

  /** Makes it the next of its address again. */
  putBack(taken: Taken): void {
    taken.source.waiting.unshift(taken);
  }

  /**
   * Gives back what has waited for longer than this to be taken, to be delivered anew: an engine may take whoever holds a
   * message for long for dead.
   */
  giveBackAfter(ms: number): void {
    const since = performance.now() - ms;
    for (const { consumer, waiting } of this.#sources) {
      // In the order they came.
      const young = waiting.findIndex(({ receivedAt }) => receivedAt > since);
      const old = waiting.splice(0, young < 0 ? waiting.length : young);
      if (old.length > 0) consumer?.giveBack(old.map(({ delivery }) => delivery));
    }
  }

  #next(): Source | undefined {
    let next: Source | undefined;
    for (const source of this.#sources) {
      if (source.consumer && source.waiting.length > 0 && source.turn < (next?.turn ?? Infinity))
        next = source;
    }
    return next;
  }

  async #consume(source: Source): Promise<void> {
    const { queue, prefetch, onDelivery } = this.#options;
    source.consumer = await queue.consume(source.address, { prefetch }, (deliveries) => {
      if (source.waiting.length === 0) source.turn = Math.max(source.turn, this.#next()?.turn ?? 0);
      for (const delivery of deliveries) this.#receive(source, delivery);
      onDelivery();
    });
    onDelivery();
  }

  #receive(source: Source, delivery: Delivery): void {
    const { watermarks, onUnreadable } = this.#options;
    try {
      const message = decodeMessage(delivery.body);
      const id = readTaskId(message.id);
      if (!id) throw new SluiceError('SLUICE_MESSAGE_INVALID', { reason: 'its id is none' });
      watermarks.delivered(source.address, message.publishedAt);
      source.waiting.push({ delivery, message, id, source, receivedAt: performance.now() });
    } catch (error) {
      const reason = { reason: String(error) };
      onUnreadable(
        delivery,
        source,
        SluiceError.is(error) ? error : new SluiceError('SLUICE_MESSAGE_INVALID', reason),
      );
    }
  }
}

async function closeAll(sources: readonly Source[]): Promise<void> {
  await Promise.all(
    sources.map(async ({ consumer, waiting }) => {
      waiting.length = 0;
      // A consumer that can not be closed is one whose queue has gone away, and with it all it held.
      await consumer?.close().catch(() => undefined);
    }),
  );
}
