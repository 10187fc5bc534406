import type { Address } from '../../core/message.ts';
import type { Delivery } from '../queue.ts';
import type { SpoolDisk } from './spool-disk.ts';

export interface TakeUpOptions {
  readonly disk: SpoolDisk;
  /** Where messages were set aside for `address`. */
  readonly aside: Address;
  readonly address: Address;
  /** How many of them are put back; what is set aside meanwhile stays. */
  readonly count: number;
  readonly signal: AbortSignal;
}

/**
 * Puts back what was set aside, since this target may take what one before did not.
 * @throws SluiceError `SLUICE_QUEUE_UNAVAILABLE` or `SLUICE_QUEUE_FULL`; what was not put back is where it was
 */
export async function takeUp({ disk, aside, address, count, signal }: TakeUpOptions): Promise<void> {
  const delivered: Delivery[] = [];
  let wake: () => void = () => undefined;
  const consumer = await disk.consume(aside, (deliveries) => {
    delivered.push(...deliveries);
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    let left = count;
    while (left > 0 && !signal.aborted) {
      if (delivered.length === 0) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const batch = delivered.splice(0, left);
      await disk.keep(batch.map(({ body }) => ({ address, body })));
      await disk.forget(consumer, batch);
      left -= batch.length;
    }
  } finally {
    await consumer.close();
  }
}
