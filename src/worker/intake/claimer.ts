import { messageOf, SluiceError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Claim, Database, Lease, Verdict } from '../../database/database.ts';
import type { TaskManifest } from '../../manifest/manifest.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { Delivery } from '../../queue/queue.ts';
import type { Source, Taken } from './intake.ts';
import type { Run } from '../run/run.ts';
import type { WorkerTiming } from '../timing.ts';

export interface ClaimerOptions {
  readonly database: Pick<Database, 'claim'>;
  readonly lease: Lease;
  readonly horizonMs: number;
  readonly timing: Pick<WorkerTiming, 'parkMs' | 'parkCapMs'>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'claimed'>;
  readonly task: (name: string) => TaskManifest | undefined;
  readonly onRuns: (runs: Run[]) => void;
  readonly onParked: () => void;
  readonly onExpired: (id: string, version: number) => void;
  readonly onRunning: (id: string, version: number) => void;
  /** The message can not be claimed; `error` is left out where its task may have run. It is not acknowledged here. */
  readonly onUnusable: (taken: Taken, error?: SluiceError) => void;
  readonly putBack: (taken: Taken) => void;
}

/** A message to be claimed, and the definition that its task has here, if any. */
interface Candidate {
  readonly taken: Taken;
  readonly task: TaskManifest | undefined;
}

/** Moves tasks from the queue to the database: claims, does what the verdicts say, acknowledges. */
export class Claimer {
  /** Names of tasks that came and that no definition here fits. */
  readonly missing = new Set<string>();
  readonly #options: ClaimerOptions;

  constructor(options: ClaimerOptions) {
    this.#options = options;
  }

  /** @throws SluiceError `SLUICE_DATABASE_UNAVAILABLE`; what was not claimed by then is still the queue's */
  async claim(taken: readonly Taken[]): Promise<void> {
    await this.#claim(this.#distinct(taken));
  }

  /** One of each identity, in their order: two claims of one task in a statement would meet each other's row. */
  #distinct(batch: readonly Taken[]): Candidate[] {
    const byIdentity = new Map<string, Candidate>();
    for (const taken of batch) {
      const { identity } = taken.id;
      if (byIdentity.has(identity)) this.#options.putBack(taken);
      else byIdentity.set(identity, { taken, task: this.#options.task(taken.message.task) });
    }
    return [...byIdentity]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([, candidate]) => candidate);
  }

  async #claim(batch: readonly Candidate[]): Promise<void> {
    const [only] = batch;
    if (!only) return;
    let verdicts: Verdict[];
    const at = performance.now();
    try {
      verdicts = await this.#options.database.claim(
        batch.map((candidate) => this.#claimOf(candidate)),
        this.#options.lease,
      );
    } catch (error) {
      if (SluiceError.is(error, 'SLUICE_DATABASE_UNAVAILABLE')) throw error;
      if (batch.length === 1) return this.#options.onUnusable(only.taken, unusable(error));
      const middle = Math.ceil(batch.length / 2);
      await this.#claim(batch.slice(0, middle));
      return this.#claim(batch.slice(middle));
    }
    this.#follow(batch, verdicts, at);
  }

  #claimOf({ taken: { message, delivery }, task }: Candidate): Claim {
    const { horizonMs, timing, logger } = this.#options;
    const claim = { message, body: delivery.body, horizonMs };
    if (task) return claim;
    if (!this.missing.has(message.task)) {
      this.missing.add(message.task);
      logger.warn('a task waits for a worker that knows it', { task: message.task });
    }
    const { code, message: text } = new SluiceError('SLUICE_TASK_NOT_HERE', { task: message.task });
    const reason = { code, message: text };
    return { ...claim, park: { forMs: timing.parkMs, atMostMs: timing.parkCapMs, reason } };
  }

  #follow(batch: readonly Candidate[], verdicts: readonly Verdict[], claimedAt: number): void {
    const runs: Run[] = [];
    const done: Taken[] = [];
    batch.forEach(({ taken, task }, index) => {
      const verdict = verdicts[index];
      if (!verdict) return;
      const { message } = taken;
      this.#options.metrics.claimed(verdict.kind);
      if (verdict.kind === 'run' && task) {
        const { run, attempts, crashes, alone, version } = verdict;
        this.#options.onRunning(message.id, version);
        runs.push({ message, run, task, attempts, crashes, alone, claimedAt });
      } else {
        this.#turnAway(taken, verdict);
      }
      if (verdict.kind !== 'quarantine') done.push(taken);
    });
    this.#options.onRuns(runs);
    acknowledge(done);
  }

  #turnAway(taken: Taken, verdict: Verdict): void {
    switch (verdict.kind) {
      case 'park':
        this.#options.onParked();
        return;
      case 'expire':
        this.#options.onExpired(taken.message.id, verdict.version);
        return;
      case 'quarantine':
        this.#options.onUnusable(taken);
        return;
      case 'run':
      case 'block':
      case 'drop':
        return;
    }
  }
}

/** What the queue does not take note of is delivered again, and the claim drops it. */
function acknowledge(taken: readonly Taken[]): void {
  const bySource = new Map<Source, Delivery[]>();
  for (const { source, delivery } of taken) {
    const deliveries = bySource.get(source);
    if (deliveries) deliveries.push(delivery);
    else bySource.set(source, [delivery]);
  }
  for (const [{ consumer }, deliveries] of bySource) {
    consumer?.ack(deliveries).catch(() => undefined);
  }
}

function unusable(error: unknown): SluiceError {
  return new SluiceError('SLUICE_MESSAGE_INVALID', { reason: messageOf(error) }, { cause: error });
}
