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
      const lost = filled.has(addressName(address))
        ? behind(watermarks.of(address), askedAt)
        : { before: askedAt - MARGIN_MS, after: askedAt + MARGIN_MS };
      if (!lost) continue;
      const count = await database.reconcile(address, { ...lost, limit: BATCH });
      found += count;
      more ||= count === BATCH;
    }
    metrics.reconciled(found);
    if (found > 0) onScheduled();
    return more;
  }
}

/** A delivery of a time that has not come is from before the clock was set back. What follows it may look older, and lives. */
function behind(delivered: number | undefined, now: number): { before: number } | undefined {
  if (delivered === undefined || delivered > now + MARGIN_MS) return undefined;
  return { before: delivered - MARGIN_MS };
}
