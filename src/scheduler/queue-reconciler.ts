import type { Clock } from '../core/clock.ts';
import { addressName } from '../core/message.ts';
import type { Service } from './loop.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

/** How far two clocks, and two deliveries of one lane, may be apart. */
export const MARGIN_MS = 30_000;
const BATCH = 500;

export type QueueReconcilerOptions = Pick<
  SchedulerOptions,
  'queue' | 'database' | 'metrics' | 'watermarks' | 'addresses'
> & { readonly clock: Clock; readonly onScheduled: () => void };

/**
 * Schedules queued tasks whose message the queue seems to have lost: those older, by a margin, than everything their
 * lane has lately delivered, or than a lane that is empty.
 */
export class QueueReconciler implements Service {
  readonly name = 'the reconciliation with the queue';
  readonly everyMs = 15_000;
  readonly #options: QueueReconcilerOptions;

  constructor(options: QueueReconcilerOptions) {
    this.#options = options;
  }

  async run(): Promise<boolean> {
    const { clock, queue, database, metrics, addresses, watermarks, onScheduled } = this.#options;
    const askedAt = clock.now();
    const depth = await queue.depth();
    const filled = new Set(
      depth.addresses.filter(({ messages }) => messages > 0).map(({ address }) => addressName(address)),
    );
    let found = 0;
    let more = false;
    for (const address of addresses()) {
      const newest = filled.has(addressName(address)) ? watermarks.of(address) : askedAt;
      if (newest === undefined) continue;
      const count = await database.reconcile(address, newest - MARGIN_MS, BATCH);
      found += count;
      more ||= count === BATCH;
    }
    metrics.reconciled(found);
    if (found > 0) onScheduled();
    return more;
  }
}
