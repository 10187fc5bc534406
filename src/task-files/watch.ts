import type * as Esbuild from 'esbuild';
import { existsSync, type FSWatcher, readdirSync, rmSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildOptions, type TaskBundle, writeModule } from './bundle.ts';
import { SluiceError } from '../core/errors.ts';
import { borrowEsbuild, buildFailure } from './esbuild-service.ts';
import { moduleFolder, projectOf } from './module-folder.ts';
import { findTaskFiles, type TaskFiles } from './find-task-files.ts';
import type { SourceTrace } from './task-source-plugin.ts';

export interface WatchListener {
  /** The tasks changed, and this is what they are now. */
  onBuilt(bundle: TaskBundle): void;
  /** The tasks changed and can not be built. The last good module stays. */
  onFailed(error: SluiceError): void;
}

export interface TaskWatch {
  /** What the tasks were when the watch began. */
  readonly first: TaskBundle;
  /** Ends the watch and removes the modules it has made. */
  close(): Promise<void>;
}

/**
 * Builds the task files at `paths` now, and again whenever one of them, or a file that one imports, is changed, added
 * or removed. Says nothing of a change that changes nothing.
 * @throws SluiceError as `bundleTasks` does, when the first build fails
 */
export async function watchTasks(paths: readonly string[], listener: WatchListener): Promise<TaskWatch> {
  const { esbuild, release } = await borrowEsbuild();
  const watching = new Watching(paths, esbuild, listener);
  const close = async (): Promise<void> => {
    await watching.close();
    await release();
  };
  try {
    return { first: await watching.start(), close };
  } catch (error) {
    const failure = await buildFailure(esbuild, error);
    await close();
    throw failure;
  }
}

let watches = 0;

class Watching {
  readonly #paths: readonly string[];
  readonly #esbuild: typeof Esbuild;
  readonly #listener: WatchListener;
  readonly #trace: SourceTrace = { files: new Set(), folders: new Set() };
  readonly #watchers = new Map<string, FSWatcher>();
  #found: TaskFiles = { files: [], folders: [] };
  #context: Esbuild.BuildContext<{ write: false }> | undefined;
  #outFolder: string | undefined;
  /** The module, or the message of the failure, that was told last. */
  #told = '';
  #changed = false;
  #building: Promise<void> | undefined;
  #closed = false;

  constructor(paths: readonly string[], esbuild: typeof Esbuild, listener: WatchListener) {
    this.#paths = paths;
    this.#esbuild = esbuild;
    this.#listener = listener;
  }

  async start(): Promise<TaskBundle> {
    this.#found = await findTaskFiles(this.#paths);
    const folder = moduleFolder(projectOf(this.#found.files[0] ?? '.'));
    removeLeftovers(folder);
    this.#outFolder = join(folder, `watch-${process.pid}-${watches++}`);
    this.#context = await this.#esbuild.context(
      buildOptions({
        outFolder: this.#outFolder,
        taskFiles: () => this.#found.files,
        trace: this.#trace,
      }),
    );
    this.#watchFolders();
    const first = await this.#build();
    this.#told = first.module;
    this.#onChange();
    return first;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    await this.#building;
    await this.#context?.dispose();
    if (this.#outFolder) rmSync(this.#outFolder, { recursive: true, force: true });
  }

  async #build(): Promise<TaskBundle> {
    this.#found = await findTaskFiles(this.#paths);
    const result = await this.#context?.rebuild();
    return { module: await writeModule(result?.outputFiles ?? []), files: this.#found.files };
  }

  #onChange(): void {
    this.#changed = true;
    this.#building ??= this.#buildUntilStill().finally(() => {
      this.#building = undefined;
    });
  }

  /** Tells of the last of a burst of changes only: a failure amidst a burst is mostly a file half written. */
  async #buildUntilStill(): Promise<void> {
    while (this.#changed && !this.#closed) {
      this.#changed = false;
      const outcome = await this.#build().catch((error: unknown) => buildFailure(this.#esbuild, error));
      // What changed in a folder before it was watched went unnoticed.
      if (this.#watchFolders()) this.#changed = true;
      if (!this.#changed && !this.#closed) this.#tell(outcome);
    }
  }

  #tell(outcome: TaskBundle | SluiceError): void {
    const news = outcome instanceof SluiceError ? outcome.message : outcome.module;
    if (news === this.#told) return;
    this.#told = news;
    if (outcome instanceof SluiceError) this.#listener.onFailed(outcome);
    else this.#listener.onBuilt(outcome);
  }

  /**
   * Folders, not files: an editor that replaces a file takes the watch of the old one with it.
   * @returns true when a folder came to those that are watched
   */
  #watchFolders(): boolean {
    if (this.#closed) return false;
    let grown = false;
    const folders = [
      ...this.#found.folders,
      ...[...this.#found.files, ...this.#trace.files].map((file) => dirname(file)),
      ...this.#trace.folders,
    ];
    for (const [folder, watcher] of this.#watchers) {
      if (existsSync(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of new Set(folders)) {
      if (this.#watchers.has(folder) || !existsSync(folder)) continue;
      const watcher = watch(folder, () => this.#onChange());
      watcher.on('error', () => this.#forget(folder, watcher));
      this.#watchers.set(folder, watcher);
      grown = true;
    }
    return grown;
  }

  /** Some systems report the removal of a watched folder as an error; a build finds out what it means. */
  #forget(folder: string, watcher: FSWatcher): void {
    watcher.close();
    this.#watchers.delete(folder);
    this.#onChange();
  }
}

/** Removes the modules of watches whose process was killed. */
function removeLeftovers(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const pid = Number(/^watch-(\d+)-/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
