import { type Address, addressName } from './message.ts';

/**
 * How far the queue has come, by address: the `publishedAt` of what it has delivered last, which is not the greatest that
 * it ever delivered where a clock was set back. A message that should have come long before it is lost. The worker writes
 * it, the reconciliation reads it.
 */
export class Watermarks {
  readonly #publishedAt = new Map<string, number>();

  /** Notes a delivery of `address`. */
  delivered(address: Address, publishedAt: number): void {
    this.#publishedAt.set(addressName(address), publishedAt);
  }

  /** The `publishedAt` of the last delivery from `address`, if there was one. */
  of(address: Address): number | undefined {
    return this.#publishedAt.get(addressName(address));
  }
}
