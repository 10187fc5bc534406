import type { Manifest } from '../../manifest/manifest.ts';
import { type GroupSetting, RunnerGroup } from './runner-group.ts';
import type { RunnerProcess } from './runner-process.ts';

/**
 * The runners of a worker: a group that shares the work, a runner for tasks that have to run alone, and the groups of
 * former modules, until their runs are over.
 */
export class RunnerPool {
  readonly #size: number;
  readonly #setting: GroupSetting;
  #shared: RunnerGroup | undefined;
  #defined: ReadonlySet<string> = new Set();
  #solo: RunnerGroup | undefined;
  #soloUsedAt = 0;
  #former: RunnerGroup[] = [];

  constructor(size: number, setting: GroupSetting) {
    this.#size = size;
    this.#setting = setting;
  }

  get runners(): RunnerProcess[] {
    return this.#groups().flatMap((group) => [...group.runners]);
  }

  /**
   * Has all further runs executed by the module. What runs goes on where it is.
   * @param admit called with what was loaded before any of it runs; what it throws refuses the module
   * @throws SluiceError that says why the module can not be loaded; the module before it goes on then
   */
  async load(module: string, admit: (manifest: Manifest) => void): Promise<Manifest> {
    const group = new RunnerGroup(module, this.#size, this.#setting);
    this.#former.push(group);
    try {
      const manifest = await group.start(admit);
      this.#former = this.#former.filter((other) => other !== group);
      this.#retire(this.#shared);
      this.#retire(this.#solo);
      this.#solo = undefined;
      this.#shared = group;
      this.#defined = new Set(manifest.tasks.map(({ name }) => name));
      return manifest;
    } catch (error) {
      this.#former = this.#former.filter((other) => other !== group);
      throw error;
    }
  }

  /** True for a task of the module that was loaded last. */
  defines(task: string): boolean {
    return this.#defined.has(task);
  }

  /** A runner that can take a run now. */
  pick(now: number): RunnerProcess | undefined {
    return this.#shared?.pick(now);
  }

  /** A runner that has nothing else to do and will get nothing else meanwhile. Starts one where there is none. */
  pickAlone(now: number): RunnerProcess | undefined {
    this.#soloUsedAt = now;
    if (!this.#solo && this.#shared) {
      this.#solo = new RunnerGroup(this.#shared.module, 1, this.#setting);
      this.#solo.begin();
    }
    return this.#solo?.pick(now, 1);
  }

  /** Looks after all of them: memory, loops that do not turn, runners that are no longer needed. */
  check(now: number, lostMs: number): void {
    for (const group of this.#groups()) {
      for (const runner of group.runners) {
        if (runner.runs.size > 0) runner.check(now, lostMs);
        if (runner.stuck && runner.blocked(now)) runner.kill('its event loop was blocked');
        group.sweepOut(runner);
      }
    }
    this.#former = this.#former.filter((group) => group.runners.size > 0);
    if (this.#solo && now - this.#soloUsedAt > this.#setting.timing.soloIdleMs && this.#solo.pick(now, 1)) {
      this.#retire(this.#solo);
      this.#solo = undefined;
    }
  }

  /** Gives the runner no more work, and starts another in its place. */
  renew(runner: RunnerProcess): void {
    this.#groupOf(runner)?.renew(runner);
  }

  /** To be called when a run of the runner is over. */
  sweepOut(runner: RunnerProcess): void {
    this.#groupOf(runner)?.sweepOut(runner);
  }

  /** Kills or stops all of them, and resolves when they are gone. */
  async close(): Promise<void> {
    await Promise.all(this.#groups().map(async (group) => group.close()));
  }

  #groupOf(runner: RunnerProcess): RunnerGroup | undefined {
    return this.#groups().find((group) => group.runners.has(runner));
  }

  #groups(): RunnerGroup[] {
    return [this.#shared, this.#solo, ...this.#former].filter((group) => group !== undefined);
  }

  #retire(group: RunnerGroup | undefined): void {
    if (!group) return;
    group.retire();
    this.#former.push(group);
  }
}
