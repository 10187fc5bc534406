import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** Path of a file that an installed package brings with it, whatever the package says it exports. */
export function installedFile(name: string, path: string): string {
  const folders = require.resolve.paths(name) ?? [];
  const found = folders.map((folder) => join(folder, name, path)).find((file) => existsSync(file));
  if (found === undefined)
    throw new Error(`${path} of the package ${name} is not installed: run "npm install"`);
  return found;
}
