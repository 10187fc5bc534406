import { existsSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { packageOf } from '../core/missing-package.ts';

/** True for what names a package, and not a file, an address (`node:fs`, `https://...`) or an entry of `imports`. */
export function isBare(specifier: string): boolean {
  return /^[\w@]/.test(specifier) && !/^\w[\w+.-]*:/.test(specifier);
}

/** True where a module in `folder` would find the package: it may still lack the file that is imported. */
export function isInstalled(specifier: string, folder: string): boolean {
  return (
    isBuiltin(specifier) ||
    folderOf(packageOf(specifier), folder) !== undefined ||
    resolves(specifier, folder)
  );
}

function folderOf(name: string, from: string): string | undefined {
  const folder = join(from, 'node_modules', name);
  if (existsSync(folder)) return folder;
  const parent = dirname(from);
  return parent === from ? undefined : folderOf(name, parent);
}

/** Asks Node.js, since some package managers put packages elsewhere and have it look there. */
function resolves(specifier: string, folder: string): boolean {
  try {
    createRequire(join(folder, 'module.mjs')).resolve(specifier);
    return true;
  } catch {
    return false;
  }
}
