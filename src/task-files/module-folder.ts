import { existsSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The folder of the nearest package.json at or above `path`; without one, the folder of `path` itself. */
export function projectOf(path: string): string {
  const start = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : dirname(path);
  const { root } = parse(start);
  for (let folder = start; folder !== root; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return start;
}

/** Where built modules of `project` go: inside it, so that their bare imports resolve as those of its sources do. */
export function moduleFolder(project: string): string {
  const installed = join(project, 'node_modules');
  return realFolder(
    existsSync(installed) ? join(installed, '.cache', 'sluice') : join(project, '.sluice', 'build'),
  );
}

/** The folder without symbolic links on the way: Node.js loads a module from there, and its sources lie relative to it. */
export function realFolder(folder: string): string {
  const path = resolve(folder);
  if (existsSync(path)) return realpathSync(path);
  return join(realFolder(dirname(path)), basename(path));
}

const OWN_ENTRIES: Record<string, URL> = {
  sluice: new URL('../index.js', import.meta.url),
  'sluice/testing': new URL('../testing/index.js', import.meta.url),
};

/** Address of this very copy of the package, for task files in a project that has not installed it. */
export function ownEntry(specifier: string, project: string): string | undefined {
  const own = OWN_ENTRIES[specifier];
  if (!own) return undefined;
  try {
    createRequire(pathToFileURL(join(project, 'package.json'))).resolve(specifier);
    return undefined;
  } catch {
    return own.href;
  }
}
