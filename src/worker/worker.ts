import { cancelTopic } from '../core/topics.ts';
import type { Lease, SettleResult } from '../database/database.ts';
import type { Manifest, TaskManifest } from '../manifest/manifest.ts';
import { Announcer } from './settle/announcer.ts';
import { Claimer } from './intake/claimer.ts';
import { Consumption } from './intake/consumption.ts';
import { Execution } from './run/execution.ts';
import { Intake } from './intake/intake.ts';
import { Leases } from './run/leases.ts';
import { OrphanReaper } from './runners/orphan-reaper.ts';
import { Quarantine } from './intake/quarantine.ts';
import type { Run } from './run/run.ts';
import { RunnerPool } from './runners/runner-pool.ts';
import { logFailure } from './settle/failure-log.ts';
import { type Ended, Settler } from './settle/settler.ts';
import { DEFAULT_TIMING, type WorkerTiming } from './timing.ts';
import type { WorkerOptions } from './worker-options.ts';
import type { WorkerStatus } from './worker-status.ts';
import { within } from './within.ts';

/** Takes tasks from the queue, has them run, and records how they ended. */
export interface Worker {
  /** What the runners have loaded last. */
  readonly manifest: Manifest;
  /**
   * Has all further runs executed by the module at the absolute path. What runs goes on with the code it has.
   * @throws SluiceError that says why the module can not be loaded; the code before it goes on then
   */
  reload(module: string): Promise<Manifest>;
  /** Stops: takes no more, lets what runs end for `graceMs`, hands the rest back uncharged. Never rejects. */
  close(graceMs: number): Promise<void>;
  status(): WorkerStatus;
}

/**
 * Starts the runners, then to take tasks. A queue or a database that is away is waited for.
 * @throws SluiceError that says why the definitions can not be loaded
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const worker = new TaskWorker(options);
  await worker.start();
  return worker;
}

const HOLDER_BYTES = 12;
/** Look-ahead: enough to fill all slots while the next claim is under way. */
const PREFETCH_PER_SLOT = 2;
const MIN_PREFETCH = 32;
/** Of those that no lasting run holds: while one half is claimed or recorded, the other runs. */
const ENOUGH_PER_SLOT = 0.5;
/** Stuck runners that are put up with, beside those that work. */
const MIN_STUCK = 2;

class TaskWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #timing: WorkerTiming;
  readonly #reaper = new OrphanReaper();
  readonly #lease: Lease;
  readonly #execution: Execution;
  readonly #settler: Settler;
  readonly #announcer: Announcer;
  readonly #quarantine: Quarantine;
  readonly #intake: Intake;
  readonly #claimer: Claimer;
  readonly #consumption: Consumption;
  #leases: Leases | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #sweptAt = 0;
  #loading: Promise<unknown> = Promise.resolve();
  #manifest: Manifest | undefined;
  #tasks: ReadonlyMap<string, TaskManifest> = new Map();
  /** What was accepted for a queue waits there, whatever the definitions have come to name. */
  readonly #named: Set<string>;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#named = new Set(options.otherQueues);
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    const holder = options.random.bytes(HOLDER_BYTES).toString('hex');
    this.#lease = { holder, durationMs: this.#timing.leaseMs };
    this.#announcer = new Announcer({
      ...options,
      bodiesMs: options.retention.bodiesMs,
      onScheduled: () => this.#scheduled(),
    });
    const shared = {
      ...options,
      timing: this.#timing,
      enough: () => Math.ceil((options.concurrency - this.#execution.lasting) * ENOUGH_PER_SLOT),
    };
    this.#settler = new Settler({ ...shared, onSettled: (ended, result) => this.#settled(ended, result) });
    this.#quarantine = new Quarantine(shared);
    this.#execution = this.#makeExecution();
    this.#intake = new Intake({
      ...options,
      queues: () => this.#queues(),
      prefetch: Math.max(MIN_PREFETCH, options.concurrency * PREFETCH_PER_SLOT),
      onDelivery: () => this.#consumption.advance(),
      onUnreadable: (delivery, source, error) => this.#quarantine.keep(delivery, source, error),
    });
    this.#claimer = this.#makeClaimer(this.#intake);
    this.#consumption = new Consumption({
      ...shared,
      intake: this.#intake,
      claimer: this.#claimer,
      free: () => this.#execution.free(performance.now()),
    });
  }

  get manifest(): Manifest {
    if (!this.#manifest) throw new Error('the worker has not started');
    return this.#manifest;
  }

  async start(): Promise<void> {
    try {
      await this.reload(this.#options.module);
    } catch (error) {
      this.#reaper.close();
      throw error;
    }
    const { logger, database } = this.#options;
    this.#leases = new Leases({
      database,
      logger,
      lease: this.#lease,
      runs: this.#execution.runs,
      timing: this.#timing,
      onLost: (run) => this.#execution.abort(run, 'lost'),
      onCancel: (run) => this.#execution.abort(run, 'cancelled'),
    });
    this.#sweptAt = performance.now();
    this.#sweeper = setInterval(() => this.#sweep(), this.#timing.sweepEveryMs);
    this.#consumption.begin();
  }

  async reload(module: string): Promise<Manifest> {
    const loading = this.#loading.then(async () => this.#load(module));
    this.#loading = loading.catch(() => undefined);
    return loading;
  }

  async #load(module: string): Promise<Manifest> {
    const manifest = await this.#execution.pool.load(module, (loaded) => this.#options.admit?.(loaded));
    const before = this.#queues();
    this.#manifest = manifest;
    this.#tasks = new Map(manifest.tasks.map((task) => [task.name, task]));
    for (const { queue } of manifest.tasks) this.#named.add(queue);
    this.#claimer.missing.clear();
    if (this.#queues().join() === before.join()) this.#consumption.advance();
    else if (this.#leases) await this.#consumption.restart();
    return manifest;
  }

  #queues(): readonly string[] {
    return this.#options.queues ?? [...this.#named].toSorted();
  }

  async close(graceMs: number): Promise<void> {
    await this.#consumption.close();
    const { runs } = this.#execution;
    await within(runs.empty(), graceMs);
    await this.#execution.close();
    await within(runs.empty(), this.#timing.settleGraceMs);
    this.#settler.abandon();
    this.#leases?.close();
    clearInterval(this.#sweeper);
    const rest = Promise.all([this.#announcer.idle(), this.#quarantine.close()]);
    await within(rest, this.#timing.settleGraceMs);
    this.#reaper.close();
  }

  status(): WorkerStatus {
    const { runs, pool, waitingAlone } = this.#execution;
    return {
      running: runs.size,
      waitingAlone,
      concurrency: this.#options.concurrency,
      consuming: this.#consumption.open,
      missingTasks: [...this.#claimer.missing],
      quarantined: this.#quarantine.kept,
      runners: pool.runners.map((runner) => ({
        pid: runner.pid,
        state: runner.state,
        answers: !runner.blocked(performance.now()),
        retired: runner.retired,
        runs: runner.runs.size,
        residentBytes: runner.bytes,
      })),
    };
  }

  #makeExecution(): Execution {
    const { random, logger, limits, runners, secrets, runnerEntry: entry } = this.#options;
    const { answerMs, loadMs } = this.#timing;
    const setup = { entry, secrets, limits, answerMs, loadMs };
    const setting = { setup, reaper: this.#reaper, random, logger, timing: this.#timing };
    return new Execution({
      ...this.#options,
      timing: this.#timing,
      maxStuck: Math.max(MIN_STUCK, runners),
      pool: (listener, onReady) => new RunnerPool(runners, { ...setting, listener, onReady }),
      onOutcome: (run, outcome) => this.#settler.add({ run, outcome }),
      onProgress: (run) => {
        if (run.progress) this.#announcer.progress(run.message.id, run.progress);
      },
      begin: async (run) => (await this.#leases?.begin(run)) ?? false,
      onLasting: (run) => void this.#watchCancel(run),
      onFree: () => this.#consumption.advance(),
    });
  }

  #makeClaimer(intake: Intake): Claimer {
    const { retention } = this.#options;
    return new Claimer({
      ...this.#options,
      lease: this.#lease,
      horizonMs: retention.horizonMs,
      timing: this.#timing,
      task: (name) => this.#tasks.get(name),
      onRuns: (runs) => {
        this.#execution.start(runs);
        this.#countRunning();
      },
      onParked: () => this.#scheduled(),
      onExpired: (id, version) => this.#announcer.moved(id, 'expired', version),
      onRunning: (id, version) => this.#announcer.moved(id, 'running', version),
      onUnusable: ({ delivery, source }, error) => this.#quarantine.keep(delivery, source, error),
      putBack: (taken) => intake.putBack(taken),
    });
  }

  #settled({ run, outcome }: Ended, result: SettleResult | undefined): void {
    this.#execution.runs.delete(run);
    this.#countRunning();
    const recorded = result?.kind === 'settled';
    this.#options.metrics.settled(run.task.name, recorded ? outcome.kind : 'lost');
    if (recorded) {
      logFailure(this.#options.logger, run, outcome, result.record.state);
      this.#announcer.settled(result.record, outcome);
    }
    this.#consumption.advance();
  }

  #sweep(): void {
    const now = performance.now();
    // What this process itself was held up for says nothing about its runners.
    const lostMs = Math.max(0, now - this.#sweptAt - this.#timing.sweepEveryMs);
    this.#sweptAt = now;
    this.#execution.sweep(now, lostMs);
    this.#intake.giveBackAfter(this.#timing.holdMs);
  }

  async #watchCancel(run: Run): Promise<void> {
    const { id } = run.message;
    const unsubscribe = await this.#options.signals.subscribe(cancelTopic(id), () =>
      this.#execution.abort(run, 'cancelled'),
    );
    if (this.#execution.runs.get(id) === run) run.unsubscribe = unsubscribe;
    else unsubscribe();
  }

  #scheduled(): void {
    this.#options.onScheduled?.();
  }

  #countRunning(): void {
    this.#options.metrics.running(this.#execution.runs.size);
  }
}
