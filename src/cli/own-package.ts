import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(resolve(ROOT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** How package.json of `folder` names this package: by its version where it was installed, else by where it is. */
export function ownDependency(folder: string): string {
  if (basename(dirname(ROOT)) === 'node_modules') return packageVersion();
  return `file:${relative(realpathSync(folder), ROOT).split(sep).join('/')}`;
}
