import { type Address, addressName } from './message.ts';

/**
 * How far the queue has come, by address: the youngest `publishedAt` that was delivered lately. A message that should
 * have come long before it is lost. The worker writes it, the reconciliation reads it.
 */
export class Watermarks {
  readonly #byAddress = new Map<string, { address: Address; publishedAt: number }>();

  /** Notes a delivery of `address`. */
  delivered(address: Address, publishedAt: number): void {
    const name = addressName(address);
    const known = this.#byAddress.get(name);
    if (!known || publishedAt > known.publishedAt) this.#byAddress.set(name, { address, publishedAt });
  }

  /** The youngest `publishedAt` delivered from `address`, if anything was. */
  of(address: Address): number | undefined {
    return this.#byAddress.get(addressName(address))?.publishedAt;
  }
}
