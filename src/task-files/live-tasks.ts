import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../core/logger.ts';
import { type Address, addressesOf } from '../core/message.ts';
import { type CompiledManifest, compileManifest } from '../manifest/compiled-manifest.ts';
import { readManifest } from '../manifest/manifest-file.ts';
import { BUILT_MANIFEST } from './find-task-files.ts';
import { bundleTasks, type TaskBundle } from './bundle.ts';
import { type TaskWatch, watchTasks } from './watch.ts';
import type { Manifest } from '../manifest/manifest.ts';

export interface LiveTasksOptions {
  readonly tasks: string | URL | readonly (string | URL)[];
  readonly watch?: boolean;
  readonly onReload?: (error?: unknown) => void;
}

/** Whoever runs the tasks. */
export interface Reloadable {
  reload(module: string): Promise<unknown>;
}

/** The tasks of a running server: built from their files and, where they are watched, anew after each change. */
export class LiveTasks {
  readonly #options: LiveTasksOptions;
  readonly #logger: Logger;
  #watch: TaskWatch | undefined;
  #worker: Reloadable | undefined;
  #compiled: CompiledManifest | undefined;
  /** Built before the worker had started. */
  #early: TaskBundle | undefined;

  constructor(options: LiveTasksOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
  }

  /**
   * Builds the tasks; returns the path of the module.
   * @throws SluiceError as `bundleTasks` does
   */
  async load(): Promise<string> {
    const paths = this.#paths;
    if (this.#options.watch !== true) return (await bundleTasks(paths)).module;
    this.#watch = await watchTasks(paths, {
      onBuilt: (bundle) => void this.#reload(bundle),
      onFailed: (error) => this.#failed(error),
    });
    return this.#watch.first.module;
  }

  /**
   * Reads what `sluice build` wrote of the tasks: all that a process needs that runs none.
   * @throws SluiceError `SLUICE_MANIFEST_INVALID`
   */
  async loadManifest(): Promise<void> {
    const [folder = '.'] = this.#paths;
    this.#compiled = compileManifest(await readManifest(join(folder, BUILT_MANIFEST)));
  }

  /**
   * Has what was loaded answer requests from now on.
   * @throws SluiceError as `compileManifest` does; what was before stays then
   */
  admit(manifest: Manifest): void {
    this.#compiled = compileManifest(manifest);
  }

  /** Has the worker run what is built from now on. It has to have each manifest admitted before it runs anything. */
  follow(worker: Reloadable): void {
    this.#worker = worker;
    if (this.#early) void this.#reload(this.#early);
  }

  get compiled(): CompiledManifest {
    if (!this.#compiled) throw new Error('the tasks are not loaded yet');
    return this.#compiled;
  }

  /** Where messages of these tasks wait. */
  get addresses(): Address[] {
    const names = new Set(this.#compiled?.manifest.tasks.map(({ queue }) => queue));
    return [...names].flatMap((name) => addressesOf(name));
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }

  get #paths(): string[] {
    return [this.#options.tasks].flat().map((path) => (path instanceof URL ? fileURLToPath(path) : path));
  }

  async #reload(bundle: TaskBundle): Promise<void> {
    if (!this.#worker) {
      this.#early = bundle;
      return;
    }
    try {
      await this.#worker.reload(bundle.module);
      this.#options.onReload?.();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#options.onReload) this.#options.onReload(error);
    else
      this.#logger.warn('the changed tasks can not be used; the old ones go on', { reason: String(error) });
  }
}
