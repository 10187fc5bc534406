import { DeadlinePassed, within } from '../../core/deadline.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Health } from '../../core/health.ts';
import type { Logger } from '../../core/logger.ts';
import type { Address } from '../../core/message.ts';
import type { Consumer, Delivery, Depth, Outgoing, Queue } from '../queue.ts';
import { failureReason } from './failure-reason.ts';
import { isReserved, setAsideFor } from './reserved-addresses.ts';
import { Trouble } from './trouble.ts';

/** Deliveries of one address that are in memory at a time. */
const PREFETCH = 256;
/** What memory holds of writes that the disk has not answered. More comes together only behind a disk that hangs. */
const MOST_BYTES_UNDER_WAY = 256 * 2 ** 20;
/** What a message takes beside its body, roughly. */
const BYTES_BESIDE_BODY = 1024;
const SILENT_AFTER_MS = 5000;
const SILENT = 'this disk does not answer';

/** The queue on this disk: what is in it, and whether it can be written. */
export class SpoolDisk {
  readonly #queue: Queue;
  readonly #onCounted: () => void;
  readonly #trouble: Trouble;
  #waiting = 0;
  #tooLarge = 0;
  #writes = 0;
  #bytesUnderWay = 0;
  /** Since when it has answered nothing of what it was asked, of `performance.now()`. */
  #silentSince: number | undefined;

  /** @param onCounted called when what is in it was counted */
  constructor(queue: Queue, logger: Logger, onCounted: () => void) {
    this.#queue = queue;
    this.#onCounted = onCounted;
    this.#trouble = new Trouble({
      begun: (reason) => logger.error('the spool can not be written', { reason }),
      over: () => logger.info('the spool can be written again'),
    });
  }

  /** Messages that are to be forwarded. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Messages that were set aside, since they are too large for the target. */
  get tooLarge(): number {
    return this.#tooLarge;
  }

  /** Something is to be forwarded, or on its way here. */
  get busy(): boolean {
    return this.#waiting > 0 || this.#writes > 0;
  }

  /**
   * Resolves when the messages are synced.
   * @throws SluiceError as `Queue.publish`
   */
  keep(messages: readonly Outgoing[]): Promise<void> {
    const bytes = messages.reduce((sum, { body }) => sum + Buffer.byteLength(body) + BYTES_BESIDE_BODY, 0);
    return this.#write(bytes, () => this.#queue.publish(messages));
  }

  /**
   * As `keep`, but ends when the disk is known to be silent: what was not confirmed then may be synced later.
   * @throws SluiceError as `Queue.publish`
   */
  async keepInTime(messages: readonly Outgoing[]): Promise<void> {
    try {
      await within(SILENT_AFTER_MS, this.keep(messages));
    } catch (thrown) {
      throw thrown instanceof DeadlinePassed ? this.#hangs() : thrown;
    }
  }

  /** @throws SluiceError as `Consumer.ack` */
  forget(consumer: Consumer, deliveries: readonly Delivery[]): Promise<void> {
    return this.#write(0, () => consumer.ack(deliveries));
  }

  consume(address: Address, onBatch: (deliveries: readonly Delivery[]) => void): Promise<Consumer> {
    return this.#queue.consume(address, { prefetch: PREFETCH }, onBatch);
  }

  /** Asked of the queue each time: what it delivers again after a fault of the disk is not there twice. */
  async count(): Promise<readonly Depth[]> {
    const { addresses } = await this.#queue.depth();
    this.#waiting = sumOf(addresses.filter(({ address }) => !isReserved(address)));
    this.#tooLarge = sumOf(addresses.filter(({ address }) => setAsideFor(address) !== undefined));
    this.#onCounted();
    return addresses;
  }

  async health(): Promise<Health> {
    const health = await this.#queue.health();
    const reason = health.reason ?? this.#reason;
    return { ...health, ok: reason === undefined, reason };
  }

  async #write(bytes: number, write: () => Promise<unknown>): Promise<void> {
    if (bytes > 0) this.#admit(bytes);
    this.#bytesUnderWay += bytes;
    this.#writes += 1;
    this.#silentSince ??= performance.now();
    try {
      await write();
      this.#trouble.over();
    } catch (thrown) {
      this.#failed(thrown);
      throw thrown;
    } finally {
      this.#bytesUnderWay -= bytes;
      this.#writes -= 1;
      this.#silentSince = this.#writes > 0 ? performance.now() : undefined;
      // A write is what it is, whether it can be counted or not; the next one is counted with it.
      await this.count().catch(() => undefined);
    }
  }

  /**
   * What a silent disk has under way tells when it answers again; more would wait for that in vain.
   * @throws SluiceError `SLUICE_QUEUE_UNAVAILABLE`
   */
  #admit(bytes: number): void {
    const silent = this.#writes > 0 && this.#reason === SILENT;
    const tooMuch = this.#bytesUnderWay > 0 && this.#bytesUnderWay + bytes > MOST_BYTES_UNDER_WAY;
    if (silent || tooMuch) throw this.#hangs();
  }

  /** What is wrong with it; undefined while nothing is. */
  get #reason(): string | undefined {
    const silent = this.#silentSince !== undefined && performance.now() - this.#silentSince > SILENT_AFTER_MS;
    return this.#trouble.reason ?? (silent ? SILENT : undefined);
  }

  #hangs(): SluiceError {
    const error = new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: SILENT });
    this.#failed(error);
    return error;
  }

  #failed(thrown: unknown): void {
    // That one is the fault of the message.
    if (SluiceError.is(thrown, 'SLUICE_MESSAGE_TOO_LARGE')) return;
    this.#trouble.met(failureReason(thrown));
  }
}

function sumOf(depths: readonly Depth[]): number {
  return depths.reduce((sum, { messages }) => sum + messages, 0);
}
