import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { OrphanReaper } from './orphan-reaper.ts';
import { Backoff } from '../backoff.ts';
import { type RunnerListener, RunnerProcess, type RunnerSetup } from './runner-process.ts';
import type { WorkerTiming } from '../timing.ts';

/** What all groups of a worker share. */
export interface GroupSetting {
  readonly setup: RunnerSetup;
  readonly listener: RunnerListener;
  readonly reaper: OrphanReaper;
  readonly random: Random;
  readonly logger: Logger;
  readonly timing: WorkerTiming;
  /** Called when a runner can take work. */
  readonly onReady: () => void;
}

/** Keeps a number of runners of one module alive. */
export class RunnerGroup {
  readonly module: string;
  readonly #size: number;
  readonly #setting: GroupSetting;
  readonly #runners = new Set<RunnerProcess>();
  /** Those that count: each is replaced when it leaves. */
  readonly #members = new Set<RunnerProcess>();
  readonly #backoff: Backoff;
  readonly #ending = new AbortController();

  constructor(module: string, size: number, setting: GroupSetting) {
    this.module = module;
    this.#size = size;
    this.#setting = setting;
    this.#backoff = new Backoff(setting.timing, setting.random);
  }

  /** All that live, retired ones included. */
  get runners(): ReadonlySet<RunnerProcess> {
    return this.#runners;
  }

  /**
   * Starts the runners and resolves when all are ready.
   * @param admit what it throws refuses what they have loaded
   * @throws SluiceError that says why the module can not be loaded; nothing is left running then
   */
  async start(admit: (manifest: Manifest) => void): Promise<Manifest> {
    const started = Array.from({ length: this.#size }, () => this.#spawn());
    try {
      const [manifest] = await Promise.all(started.map(({ loaded }) => loaded));
      if (!manifest) throw new RangeError('a group needs a runner');
      admit(manifest);
      for (const runner of started) this.#follow(runner);
      return manifest;
    } catch (error) {
      this.retire();
      await Promise.all(started.map(({ gone }) => gone));
      throw error;
    }
  }

  /** Starts the runners without waiting. */
  begin(): void {
    for (let missing = this.#size; missing > 0; missing -= 1) void this.#replace();
  }

  /** The runner with the fewest runs among those that answer. */
  pick(now: number, maxRuns = Number.POSITIVE_INFINITY): RunnerProcess | undefined {
    let best: RunnerProcess | undefined;
    for (const runner of this.#runners) {
      const fit = runner.state === 'ready' && !runner.retired && !runner.blocked(now);
      if (fit && runner.runs.size < (best?.runs.size ?? maxRuns)) best = runner;
    }
    return best;
  }

  /** Gives the runner, in which a handler did not stop, no more work, and starts another in its place. It is stopped
   * when nothing it holds matters. */
  renew(runner: RunnerProcess): void {
    runner.stuck = true;
    runner.retired = true;
    this.#leave(runner);
  }

  /** Gives none of them any more work; each is stopped when its runs are over. */
  retire(): void {
    this.#ending.abort();
    for (const runner of this.#runners) {
      runner.retired = true;
      this.sweepOut(runner);
    }
  }

  /** Stops the runner if it is retired and nothing it holds matters. */
  sweepOut(runner: RunnerProcess): void {
    if (!runner.retired || runner.openRuns > 0) return;
    if (runner.runs.size > 0) runner.kill('its handlers did not stop');
    else runner.stop();
  }

  /** Ends all of them, whatever they hold, and resolves when they are gone. */
  async close(): Promise<void> {
    this.#ending.abort();
    const gone = [...this.#runners].map((runner) => {
      if (runner.runs.size > 0) runner.kill('the worker stopped');
      else runner.stop();
      return runner.gone;
    });
    await Promise.all(gone);
  }

  #spawn(): RunnerProcess {
    const { setup, listener, reaper } = this.#setting;
    const runner = new RunnerProcess(this.module, setup, listener);
    const { pid } = runner;
    this.#runners.add(runner);
    if (pid !== undefined) reaper.watch(pid);
    void runner.gone.then(() => {
      this.#runners.delete(runner);
      if (pid !== undefined) reaper.release(pid);
    });
    return runner;
  }

  /** Starts one more, again and again until it is ready. */
  async #replace(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const runner = this.#spawn();
      try {
        await runner.loaded;
        this.#backoff.reset();
        this.#follow(runner);
        this.#setting.onReady();
        return;
      } catch (error) {
        runner.stop();
        if (signal.aborted) return;
        this.#setting.logger.error('a runner could not load the tasks; trying again', {
          error: String(error),
        });
        await this.#backoff.pause(signal);
      }
    }
  }

  #follow(runner: RunnerProcess): void {
    this.#members.add(runner);
    void runner.gone.then(() => this.#leave(runner));
  }

  #leave(runner: RunnerProcess): void {
    if (this.#members.delete(runner) && !this.#ending.signal.aborted) void this.#replace();
  }
}
