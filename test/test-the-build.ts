import { existsSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import type { Plugin } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');

/** Tests import `src/x.ts` for its types and run `dist/x.js`: what is tested is what ships, threads and child processes included. */
export const testTheBuild: Plugin = {
  name: 'test-the-build',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!importer || !source.startsWith('.')) return undefined;
    const file = resolve(dirname(importer), source);
    if (!file.startsWith(resolve(root, 'src') + sep)) return undefined;
    const built = file.replace(resolve(root, 'src'), resolve(root, 'dist')).replace(/\.ts$/, '.js');
    if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build" first`);
    return { id: built, external: true };
  },
};
