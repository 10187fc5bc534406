import { type Dirent, existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SluiceError } from '../core/errors.ts';

const TASK_FILE = /\.(?:ts|mts|js|mjs)$/;
const NO_TASK_FILE = /\.test\.[^.]+$|\.d\.m?ts$/;

/** What `sluice build` leaves in its folder. */
export const BUILT_MODULE = 'tasks.mjs';
export const BUILT_MANIFEST = 'manifest.json';

/** True for a folder that `sluice build` wrote. */
export function isBuilt(folder: string): boolean {
  return [BUILT_MODULE, BUILT_MANIFEST].every((name) => existsSync(join(folder, name)));
}

/** The files that may define tasks, and every folder they were looked for in; all absolute, sorted, without repetition. */
export interface TaskFiles {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Finds task files. A path that is a file is one; in a folder, however deep, they are `*.ts`, `*.mts`, `*.js` and
 * `*.mjs`, but not tests (`*.test.*`), declarations (`*.d.ts`), dotfiles, what is in `node_modules` and what
 * `sluice build` wrote.
 * @throws SluiceError `SLUICE_TASKS_PATH_MISSING` for a path where there is nothing, `SLUICE_TASKS_MISSING` when no
 *   path leads to a file
 */
export async function findTaskFiles(paths: readonly string[]): Promise<TaskFiles> {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const path of paths.map((each) => resolve(each))) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) throw new SluiceError('SLUICE_TASKS_PATH_MISSING', { path });
    if (found.isDirectory()) await walk(path, files, folders);
    else files.add(path);
  }
  if (files.size === 0)
    throw new SluiceError('SLUICE_TASKS_MISSING', { path: paths.map((path) => resolve(path)).join(', ') });
  return { files: [...files].toSorted(), folders: [...folders].toSorted() };
}

async function walk(folder: string, files: Set<string>, folders: Set<string>): Promise<void> {
  if (isBuilt(folder)) return;
  folders.add(folder);
  for (const entry of await entriesOf(folder)) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await walk(path, files, folders);
    else if (isTaskFile(path, entry)) files.add(path);
  }
}

function isTaskFile(path: string, entry: Dirent): boolean {
  if (!TASK_FILE.test(entry.name) || NO_TASK_FILE.test(entry.name)) return false;
  return entry.isSymbolicLink()
    ? statSync(path, { throwIfNoEntry: false })?.isFile() === true
    : entry.isFile();
}

/** Nothing for a folder that went away since its parent was read, as it may while a project is being edited. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
