import type { AbortCause } from '../../core/context.ts';
import type { Limits } from '../../core/limits.ts';
import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import type { FromRunner, RunEnd } from '../../core/run-protocol.ts';
import type { Outcome } from '../../database/database.ts';
import { outcomeOf, outcomeOfAbort, outcomeOfDeath } from './outcome.ts';
import { type Run, RunTable } from './run.ts';
import type { RunnerPool } from '../runners/runner-pool.ts';
import type { Death, RunnerListener, RunnerProcess } from '../runners/runner-process.ts';
import type { WorkerTiming } from '../timing.ts';
import { within } from '../within.ts';

export interface ExecutionOptions {
  readonly pool: (listener: RunnerListener, onReady: () => void) => RunnerPool;
  readonly concurrency: number;
  /** Runners that may live on beside as many others because a handler in them did not stop. */
  readonly maxStuck: number;
  readonly limits: Limits;
  readonly random: Random;
  readonly logger: Logger;
  readonly timing: WorkerTiming;
  readonly onOutcome: (run: Run, outcome: Outcome) => void;
  readonly onProgress: (run: Run) => void;
  /**
   * Has the database note that the run, which is to be alone, begins. Resolves with false where it does not
   * answer. Never rejects.
   */
  readonly begin: (run: Run) => Promise<boolean>;
  /** Called once for a run that goes on for more than a moment. */
  readonly onLasting: (run: Run) => void;
  /** Called when slots may have come free. */
  readonly onFree: () => void;
}

/** Has claimed runs executed: gives each to a runner, and sees to it that each comes to an end. */
export class Execution implements RunnerListener {
  readonly runs = new RunTable();
  readonly pool: RunnerPool;
  readonly #options: ExecutionOptions;
  #line: Run[] = [];
  /** Those that are to run alone: one at a time, so that only the guilty is charged again. */
  #soloLine: Run[] = [];
  #beginning = false;
  #lasting = 0;
  readonly #progressed = new Set<Run>();

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.pool = options.pool(this, () => this.#advance());
  }

  /** How many more runs can be taken. Those that wait to run alone hold no slot until they are as many as the slots. */
  free(now: number): number {
    const { concurrency } = this.#options;
    if (this.#line.length > 0 || !this.pool.pick(now)) return 0;
    const { size } = this.runs;
    return Math.min(concurrency - (size - this.#soloLine.length), 2 * concurrency - size);
  }

  /** How many runs do not end soon, as of the last sweep: they were there at the one before. */
  get lasting(): number {
    return this.#lasting;
  }

  get waitingAlone(): number {
    return this.#soloLine.length;
  }

  start(runs: readonly Run[]): void {
    for (const run of runs) {
      const former = this.runs.get(run.message.id);
      // A newer run was permitted, so the older one is no longer the task's.
      if (former) this.abort(former, 'lost');
      this.runs.add(run);
      (run.alone ? this.#soloLine : this.#line).push(run);
    }
    this.#advance();
  }

  /** Asks the run to end; what it does is seen to by `sweep`. The first cause stands, but for `lost`. */
  abort(run: Run, cause: AbortCause): void {
    if (run.over || (run.abort && cause !== 'lost')) return;
    run.abort = { cause, at: performance.now() };
    const runner = this.#runnerOf(run);
    runner?.abort(run, cause);
    if (cause === 'lost' || !runner) this.#finishAborted(run, cause);
  }

  /** One look at everything that runs: timeouts, aborts that were ignored, blocked loops, progress to tell. */
  sweep(now: number, lostMs: number): void {
    this.#lasting = Array.from(this.runs).filter(({ lasting, over }) => lasting && !over).length;
    for (const runner of this.pool.runners) {
      for (const run of runner.runs.values()) this.#attend(runner, run, now);
    }
    this.pool.check(now, lostMs);
    for (const run of this.#progressed) this.#options.onProgress(run);
    this.#progressed.clear();
    this.#limitStuck();
    this.#advance();
  }

  /** Aborts all and, after a while, ends what has not stopped. Resolves when no handler executes any more. */
  async close(): Promise<void> {
    for (const run of this.runs) this.abort(run, 'shutdown');
    await within(this.runs.empty(), this.#options.timing.abortGraceMs);
    await this.pool.close();
  }

  ended(runner: RunnerProcess, run: Run, { end, aborted }: RunEnd): void {
    if (!run.over) {
      if (aborted && run.abort) this.#finishAborted(run, run.abort.cause);
      else this.#finish(run, outcomeOf(run, end, this.#options.random));
    }
    if (runner.retired) this.pool.sweepOut(runner);
    if (this.#line.length + this.#soloLine.length > 0) this.#advance();
  }

  died(runner: RunnerProcess, death: Death): void {
    const { limits, logger } = this.#options;
    const held = [...runner.runs.values()].filter((run) => !run.over);
    const blocked = isBlockedByAny(runner);
    runner.runs.clear();
    if (held.length > 0) logger.warn('a runner died', { reason: death.reason, runs: held.length });
    for (const run of held) {
      if (run.abort && !(blocked && run.abort.cause === 'timeout')) this.#finishAborted(run, run.abort.cause);
      else this.#finish(run, outcomeOfDeath(run, death, limits.crashLimit));
    }
    this.#advance();
  }

  progress(run: Run, { progress }: Extract<FromRunner, { kind: 'progress' }>): void {
    run.progress = progress;
    this.#progressed.add(run);
  }

  log(run: Run, { level, message, data }: Extract<FromRunner, { kind: 'log' }>): void {
    const { id: taskId, task } = run.message;
    this.#options.logger[level](message, { ...data, taskId, task, attempt: run.attempts + 1 });
  }

  #attend(runner: RunnerProcess, run: Run, now: number): void {
    const { abortGraceMs, cancelGraceMs } = this.#options.timing;
    if (run.abort) {
      const { cause, at } = run.abort;
      if (now - at < (cause === 'cancelled' ? cancelGraceMs : abortGraceMs)) return;
      // The death of a blocked runner, which is next, decides about all that it holds.
      if (!run.over && !(cause === 'timeout' && isBlockedByAny(runner))) this.#finishAborted(run, cause);
      this.pool.renew(runner);
      return;
    }
    if (run.over) return;
    if (!run.lasting) {
      run.lasting = true;
      this.#options.onLasting(run);
    }
    if (now - (run.placedAt ?? now) >= run.task.timeoutMs) this.abort(run, 'timeout');
  }

  /** Handlers that do not stop must not fill the machine with runners: the oldest hands its other runs back. */
  #limitStuck(): void {
    const stuck = this.pool.runners.filter((runner) => runner.stuck);
    for (const runner of stuck.slice(0, Math.max(0, stuck.length - this.#options.maxStuck))) {
      for (const run of runner.runs.values()) this.abort(run, 'shutdown');
    }
  }

  #advance(): void {
    const now = performance.now();
    this.#returnUndefined();
    this.#placeLine(now);
    this.#placeAlone(now);
    this.#options.onFree();
  }

  /** A reload may have removed the definition of what waits here. The next claim of it finds that, and parks it. */
  #returnUndefined(): void {
    for (const run of [...this.#line, ...this.#soloLine]) {
      if (!this.pool.defines(run.task.name)) this.abort(run, 'shutdown');
    }
  }

  #placeLine(now: number): void {
    let placed = 0;
    for (const run of this.#line) {
      const runner = this.pool.pick(now);
      if (!runner) break;
      runner.start(run, now);
      placed += 1;
    }
    if (placed > 0) this.#line = this.#line.slice(placed);
  }

  /** That it begins is noted first: whatever ends this process before can not be its doing. */
  #placeAlone(now: number): void {
    const [run] = this.#soloLine;
    if (!run || this.#beginning) return;
    const runner = this.pool.pickAlone(now);
    if (!runner) return;
    if (run.begun) {
      this.#soloLine = this.#soloLine.slice(1);
      runner.start(run, now);
    } else {
      void this.#begin(run);
    }
  }

  /** Where the database does not answer, the next sweep tries again. */
  async #begin(run: Run): Promise<void> {
    this.#beginning = true;
    run.begun = await this.#options.begin(run);
    this.#beginning = false;
    if (run.begun) this.#advance();
  }

  #runnerOf(run: Run): RunnerProcess | undefined {
    if (run.placedAt === undefined) return undefined;
    return this.pool.runners.find((runner) => runner.holds(run));
  }

  #finishAborted(run: Run, cause: AbortCause): void {
    this.#finish(run, outcomeOfAbort(run, cause, this.#options.random));
  }

  #finish(run: Run, outcome: Outcome | undefined): void {
    run.over = true;
    this.#progressed.delete(run);
    if (run.placedAt === undefined) this.#leaveLine(run);
    if (outcome) this.#options.onOutcome(run, outcome);
    else this.runs.delete(run);
  }

  #leaveLine(run: Run): void {
    this.#line = this.#line.filter((other) => other !== run);
    this.#soloLine = this.#soloLine.filter((other) => other !== run);
  }
}

/**
 * True where one of several runs keeps the others from their end: a timeout is no more the fault of one than of another.
 * They run again, alone, where it is.
 */
function isBlockedByAny(runner: RunnerProcess): boolean {
  return runner.runs.size > 1 && runner.blocked(performance.now());
}
