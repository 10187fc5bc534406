import type { Consumer, Delivery } from '../queue.ts';
import { PROBE } from './reserved-addresses.ts';
import type { SpoolDisk } from './spool-disk.ts';

/** Finds out whether a disk that failed can be written again, since nothing else may have to be written for long. */
export class DiskProbe {
  readonly #disk: SpoolDisk;
  #consumer: Promise<Consumer> | undefined;
  #kept: Delivery[] = [];
  #onDelivery: () => void = () => undefined;
  #writing = false;

  constructor(disk: SpoolDisk) {
    this.#disk = disk;
  }

  /** Writes something and forgets it, unless it does so already; the disk takes note of how that went. Never rejects. */
  async write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      const consumer = await (this.#consumer ??= this.#open());
      if (this.#kept.length === 0) await this.#keep();
      // That is a write, too, and leaves nothing behind.
      await this.#disk.forget(consumer, this.#kept.splice(0));
    } catch {
      // Told by the disk.
    } finally {
      this.#writing = false;
    }
  }

  /** Resolves when it was delivered. */
  async #keep(): Promise<void> {
    const delivered = new Promise<void>((resolve) => {
      this.#onDelivery = resolve;
    });
    await this.#disk.keep([{ address: PROBE, body: '' }]);
    await delivered;
  }

  #open(): Promise<Consumer> {
    const consumer = this.#disk.consume(PROBE, (deliveries) => {
      this.#kept.push(...deliveries);
      this.#onDelivery();
    });
    consumer.catch(() => {
      this.#consumer = undefined;
    });
    return consumer;
  }
}
