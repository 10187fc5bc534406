import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Seen from where this module is compiled to. */
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** The absolute path of a file of this repository. */
export function inRepository(path: string): string {
  return join(ROOT, path);
}

/** Compiles, or only checks, the TypeScript of a project of this repository. */
export function compile(project: string): void {
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  run(process.execPath, [join(typescript, 'bin/tsc'), '--project', inRepository(project)]);
}

/** What it says goes to stderr: stdout is for the figures. */
export function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 2, 2] });
}
