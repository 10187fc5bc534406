import type * as Esbuild from 'esbuild';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { buildFailure, withEsbuild } from './esbuild-service.ts';
import { moduleFolder, projectOf, realFolder } from './module-folder.ts';
import { BUILT_MODULE, findTaskFiles, isBuilt } from './find-task-files.ts';
import {
  IMPORT_META,
  MODULE_BANNER,
  type SourceTrace,
  TASKS_ENTRY,
  taskSourcePlugin,
} from './task-source-plugin.ts';

/** Task files as one module. */
export interface TaskBundle {
  /**
   * Absolute path of the module. It exports each task file as a namespace, under the file's path in its project:
   * `{ 'tasks/hello.ts': { hello } }`. Its name holds a hash of its content, so a path is never loaded twice by
   * mistake.
   */
  readonly module: string;
  /** The task files, absolute. */
  readonly files: readonly string[];
}

/**
 * Builds the task files at `paths` into one module, or takes the one in a folder that `sluice build` wrote.
 * @throws SluiceError `SLUICE_TASKS_PATH_MISSING`, `SLUICE_TASKS_MISSING`, or `SLUICE_TASKS_BUILD_FAILED` with the
 *   lines at fault
 */
export async function bundleTasks(paths: readonly string[], outFolder?: string): Promise<TaskBundle> {
  const built = builtModule(paths);
  if (built !== undefined) return { module: built, files: [built] };
  const { files } = await findTaskFiles(paths);
  const folder = outFolder === undefined ? moduleFolder(projectOf(files[0] ?? '.')) : realFolder(outFolder);
  const trace: SourceTrace = { files: new Set(), folders: new Set() };
  return withEsbuild(async (esbuild) => {
    try {
      const options = buildOptions(
        { outFolder: folder, taskFiles: () => files, trace },
        outFolder !== undefined,
      );
      const { outputFiles } = await esbuild.build(options);
      return { module: await writeModule(outputFiles), files };
    } catch (error) {
      throw await buildFailure(esbuild, error);
    }
  });
}

function builtModule(paths: readonly string[]): string | undefined {
  const [folder] = paths;
  if (folder === undefined || paths.length > 1 || !isBuilt(folder)) return undefined;
  return resolve(folder, BUILT_MODULE);
}

export interface BuildSources {
  readonly outFolder: string;
  readonly taskFiles: () => readonly string[];
  readonly trace: SourceTrace;
}

/** @param release true for the module of a release, whose name is fixed */
export function buildOptions(
  sources: BuildSources,
  release = false,
): Esbuild.BuildOptions & { readonly write: false } {
  const project = projectOf(sources.taskFiles()[0] ?? '.');
  return {
    entryPoints: { tasks: TASKS_ENTRY },
    entryNames: release ? basename(BUILT_MODULE, '.mjs') : '[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    outdir: sources.outFolder,
    absWorkingDir: project,
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    define: IMPORT_META,
    banner: { js: MODULE_BANNER },
    plugins: [taskSourcePlugin({ project, ...sources })],
    logLevel: 'silent',
  };
}

/**
 * Writes what esbuild made, the map before the module. Each file appears whole or not at all, since a runner may load
 * it at any time.
 */
export async function writeModule(outputs: readonly Esbuild.OutputFile[]): Promise<string> {
  const mapsFirst = outputs.toSorted(
    (a, b) => Number(b.path.endsWith('.map')) - Number(a.path.endsWith('.map')),
  );
  for (const { path, contents } of mapsFirst) {
    await mkdir(dirname(path), { recursive: true });
    const partial = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
    await writeFile(partial, contents);
    await rename(partial, path);
  }
  return mapsFirst.find(({ path }) => path.endsWith('.mjs'))?.path ?? '';
}
