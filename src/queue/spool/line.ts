import type { SluiceError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { type Address, addressName, decodeMessage } from '../../core/message.ts';
import type { Consumer, Delivery, Queue } from '../queue.ts';
import { Offers } from './offers.ts';
import { Pause } from './pause.ts';
import { asideOf } from './reserved-addresses.ts';
import type { SpoolDisk } from './spool-disk.ts';

export interface LineOptions {
  readonly address: Address;
  readonly target: Queue;
  readonly disk: SpoolDisk;
  readonly logger: Logger;
  /** See OfferOutcomes. */
  readonly onAnswer: () => void;
  readonly onFailure: (reason: string) => void;
}

interface TooLarge {
  readonly delivery: Delivery;
  readonly error: SluiceError;
}

/**
 * Forwards what the disk holds of one address. What the target has taken is forgotten only then: whenever the process
 * dies, each message is on the disk, in the target, or in both.
 */
export class Line {
  /** Rejects where the disk can not be read. */
  readonly opened: Promise<Consumer>;
  readonly #options: LineOptions;
  readonly #offers: Offers;
  readonly #pause = new Pause();
  /** To be forgotten. */
  #taken: Delivery[] = [];
  /** To be set aside, and forgotten here. */
  #tooLarge: TooLarge[] = [];
  /** Bodies that were not forgotten though they are to be, and how often each will be delivered once more. */
  readonly #again = new Map<string, number>();
  /** What is being written. */
  readonly #writes = new Set<Promise<void>>();
  #sorted: Promise<unknown> = Promise.resolve();
  #writing = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#offers = new Offers(options.target, {
      taken: (delivery) => this.#forgetSoon(delivery),
      tooLarge: (delivery, error) => {
        this.#tooLarge.push({ delivery, error });
        this.#writeSoon();
      },
      answered: options.onAnswer,
      failed: options.onFailure,
    });
    this.opened = options.disk.consume(options.address, (deliveries) => this.#delivered(deliveries));
  }

  /** What is left stays on the disk. What the target says from now on is ignored. */
  async close(): Promise<void> {
    this.#offers.close();
    while (!this.#pause.on && this.#taken.length + this.#tooLarge.length > 0) {
      this.#write();
      await Promise.all(this.#writes);
    }
    await Promise.all(this.#writes);
    this.#pause.stop();
    await this.opened.then(
      (consumer) => consumer.close(),
      () => undefined,
    );
  }

  /** Whether one is delivered once more since it was not forgotten is known when no write is under way that was before. */
  #delivered(deliveries: readonly Delivery[]): void {
    const before = [...this.#writes];
    this.#sorted = this.#sorted.then(() => Promise.all(before)).then(() => this.#sort(deliveries));
  }

  #sort(deliveries: readonly Delivery[]): void {
    const fresh: Delivery[] = [];
    for (const delivery of deliveries) {
      if (this.#isAgain(delivery)) this.#forgetSoon(delivery);
      else fresh.push(delivery);
    }
    this.#offers.add(fresh);
  }

  #isAgain({ body }: Delivery): boolean {
    const times = this.#again.get(body) ?? 0;
    if (times > 1) this.#again.set(body, times - 1);
    else this.#again.delete(body);
    return times > 0;
  }

  #forgetSoon(delivery: Delivery): void {
    this.#taken.push(delivery);
    this.#writeSoon();
  }

  /** Together with what else there is in this turn of the event loop. */
  #writeSoon(): void {
    if (this.#writing || this.#pause.on) return;
    this.#writing = true;
    setImmediate(() => {
      this.#writing = false;
      this.#write();
    });
  }

  #write(): void {
    for (const write of [this.#forget(this.#taken.splice(0)), this.#setAside(this.#tooLarge.splice(0))]) {
      this.#writes.add(write);
      void write.then(() => this.#writes.delete(write));
    }
  }

  async #forget(taken: readonly Delivery[]): Promise<void> {
    if (taken.length === 0) return;
    try {
      await this.#options.disk.forget(await this.opened, taken);
      this.#pause.reset();
    } catch {
      for (const { body } of taken) this.#again.set(body, (this.#again.get(body) ?? 0) + 1);
      this.#pause.begin(() => this.#writeSoon());
    }
  }

  async #setAside(tooLarge: readonly TooLarge[]): Promise<void> {
    if (tooLarge.length === 0) return;
    const { disk, logger, address } = this.#options;
    const aside = asideOf(address);
    try {
      await disk.keep(tooLarge.map(({ delivery: { body } }) => ({ address: aside, body })));
    } catch {
      this.#tooLarge.unshift(...tooLarge);
      this.#pause.begin(() => this.#writeSoon());
      return;
    }
    for (const { delivery, error } of tooLarge) {
      const { bytes, limit } = error.data;
      const data = { task: taskOf(delivery), address: addressName(address), bytes, limit };
      logger.error(
        'a task is too large for the queue; it is kept on this disk, and tried again at the next start',
        data,
      );
      this.#forgetSoon(delivery);
    }
  }
}

/** The id of the task, for the log. */
function taskOf({ body }: Delivery): string {
  try {
    return decodeMessage(body).id;
  } catch {
    return 'unknown';
  }
}
