import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Database, Lease } from '../../database/database.ts';
import type { Run } from './run.ts';
import type { WorkerTiming } from '../timing.ts';

export interface LeasesOptions {
  readonly database: Pick<Database, 'extend'>;
  readonly lease: Lease;
  readonly runs: Iterable<Run>;
  readonly timing: WorkerTiming;
  readonly logger: Logger;
  /** The run is no longer this worker's. */
  readonly onLost: (run: Run) => void;
  readonly onCancel: (run: Run) => void;
}

/** Keeps the leases of all runs that this worker holds, in one call for all of them. */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #timer: NodeJS.Timeout;
  #extending = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#extend(), options.timing.extendEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Has the database note that the run begins; false where it does not answer. Never rejects. */
  async begin(run: Run): Promise<boolean> {
    return this.#tell([run], true);
  }

  async #extend(): Promise<void> {
    if (this.#extending) return;
    const { runs, timing } = this.#options;
    const bound = performance.now() - timing.extendEveryMs;
    const old = [...runs].filter(({ claimedAt }) => claimedAt <= bound);
    if (old.length === 0) return;
    this.#extending = true;
    await this.#tell(old, false);
    this.#extending = false;
  }

  async #tell(held: readonly Run[], begun: boolean): Promise<boolean> {
    const { database, lease, logger } = this.#options;
    const runs = held.map(({ message, run, progress }) => ({ id: message.id, run, progress, begun }));
    try {
      const { lost, cancelRequested } = await database.extend(runs, lease);
      const byId = new Map(held.map((run) => [run.message.id, run]));
      for (const run of pick(byId, lost)) this.#options.onLost(run);
      for (const run of pick(byId, cancelRequested)) this.#options.onCancel(run);
      return true;
    } catch (error) {
      // A lease that ends unextended is still this worker's until another takes it, and then the fence holds.
      logger.warn('leases could not be extended', { runs: held.length, reason: messageOf(error) });
      return false;
    }
  }
}

/** Runs whose outcome is decided are left out: their settle learns for itself what became of them. */
function pick(runs: ReadonlyMap<string, Run>, ids: readonly string[]): Run[] {
  return ids.flatMap((id) => runs.get(id) ?? []).filter((run) => !run.over);
}
