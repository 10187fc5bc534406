import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { packageOf } from '../core/missing-package.ts';
import { isBare, isInstalled } from './installed-package.ts';
import { ownEntry } from './module-folder.ts';

/** What a build reads, and where it would read what is missing. */
export interface SourceTrace {
  readonly files: Set<string>;
  readonly folders: Set<string>;
}

export interface TaskSources {
  readonly project: string;
  /** Where the module is going to lie. */
  readonly outFolder: string;
  /** The task files of the build that is being started. */
  readonly taskFiles: () => readonly string[];
  readonly trace: SourceTrace;
}

/** The entry point of a build of tasks. */
export const TASKS_ENTRY = 'sluice:tasks';

/** Goes before the module: `import.meta` of a source tells of that source, by its place relative to the module. */
export const MODULE_BANNER = `import { createRequire as __sluice_createRequire } from 'node:module';
import { dirname as __sluice_dirname } from 'node:path';
import { fileURLToPath as __sluice_fileURLToPath } from 'node:url';
const require = __sluice_createRequire(import.meta.url);
const __sluice_module = import.meta.url;
function __sluice_source(path) {
  const url = new URL(path, __sluice_module).href;
  const filename = __sluice_fileURLToPath(url);
  return { url, filename, dirname: __sluice_dirname(filename) };
}`;

export const IMPORT_META = {
  'import.meta.url': '__sluice_meta.url',
  'import.meta.filename': '__sluice_meta.filename',
  'import.meta.dirname': '__sluice_meta.dirname',
};

const LOADERS = { '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' } as const;

/**
 * Makes one module of all task files: the entry exports each file as a namespace, under its path in the project, so
 * that a task that is defined twice can be told by its files.
 */
export function taskSourcePlugin({ project, outFolder, taskFiles, trace }: TaskSources): Plugin {
  return {
    name: 'sluice-task-sources',
    setup(build) {
      build.onResolve({ filter: /^sluice:tasks$/ }, () => ({ path: TASKS_ENTRY, namespace: 'sluice' }));
      // Before any `paths` of a tsconfig, which would build a second copy of this package into the module.
      build.onResolve({ filter: /^sluice(?:\/|$)/ }, ({ path }) => ({
        path: ownEntry(path, project) ?? path,
        external: true,
      }));
      build.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        trace.folders.add(dirname(resolve(resolveDir, path)));
        return undefined;
      });
      build.onResolve({ filter: /^[\w@]/ }, async (args) => {
        if (!(await isMissing(build, args, outFolder))) return undefined;
        trace.folders.add(project);
        for (const folder of placesOf(args.path, project)) trace.folders.add(folder);
        return missing(args.path);
      });
      build.onLoad({ filter: /.*/, namespace: 'sluice' }, () => ({
        contents: taskFiles()
          .map((file) => exportAs(file, project))
          .join('\n'),
        resolveDir: project,
        loader: 'js',
      }));
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        trace.files.add(path);
        const source = await readFile(path, 'utf8');
        if (!source.includes('import.meta')) return undefined;
        return { contents: withMeta(source, posix(relative(outFolder, path))), loader: loaderOf(path) };
      });
    },
  };
}

/** Marks a question of this plugin to esbuild, so that it is not asked itself. */
const ASKED = Symbol('asked');

/** Only what has to be there for the module to load: the others may be tried for, and done without. */
async function isMissing(
  build: PluginBuild,
  { path, kind, pluginData, ...from }: OnResolveArgs,
  outFolder: string,
): Promise<boolean> {
  if (pluginData === ASKED || kind !== 'import-statement' || !isBare(path)) return false;
  if (isInstalled(path, outFolder)) return false;
  // It may be a path of the tsconfig.
  const { external } = await build.resolve(path, { ...from, kind, pluginData: ASKED });
  return external;
}

function missing(specifier: string): OnResolveResult {
  const name = packageOf(specifier);
  const text = `"${name}" is not installed. Run "npm install ${name}".`;
  return { errors: [{ text, detail: { missing: specifier } }] };
}

/** The folders that change when the package is installed. */
function placesOf(specifier: string, project: string): string[] {
  const folder = join(project, 'node_modules', packageOf(specifier));
  return [dirname(folder), join(project, 'node_modules')];
}

function exportAs(file: string, project: string): string {
  return `export * as ${JSON.stringify(posix(relative(project, file)))} from ${JSON.stringify(file)};`;
}

/** On the first line, or behind a hashbang, so that every line keeps its number. */
function withMeta(source: string, path: string): string {
  const at = source.startsWith('#!') ? source.indexOf('\n') + 1 : 0;
  return `${source.slice(0, at)}const __sluice_meta = __sluice_source(${JSON.stringify(path)}); ${source.slice(at)}`;
}

function loaderOf(path: string): 'js' | 'jsx' | 'ts' | 'tsx' {
  return LOADERS[extname(path) as keyof typeof LOADERS] ?? 'js';
}

function posix(path: string): string {
  return path.split(sep).join('/');
}
