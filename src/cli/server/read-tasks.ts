import { resolve } from 'node:path';
import { SluiceError } from '../../core/errors.ts';
import { DEFAULT_LIMITS } from '../../core/limits.ts';
import { compileManifest } from '../../manifest/compiled-manifest.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { RunnerProcess } from '../../worker/runners/runner-process.ts';

const LOAD_MS = 60_000;
/** Loading runs no task, so the ids that this would sign are never made. */
const NO_SECRET = '-'.repeat(32);

function ignore(): void {
  // It runs nothing, so there is nothing to hear.
}

/**
 * What the module defines, learned by loading it in a runner, as a server does.
 * @throws SluiceError for definitions that can not be used
 */
export async function readTasks(module: string, paths: readonly string[]): Promise<Manifest> {
  const runner = new RunnerProcess(
    module,
    {
      entry: new URL('../../runner/main.js', import.meta.url),
      secrets: [NO_SECRET],
      limits: DEFAULT_LIMITS,
      answerMs: LOAD_MS,
      loadMs: LOAD_MS,
    },
    { ended: ignore, log: ignore, progress: ignore, died: ignore },
  );
  try {
    const manifest = await runner.loaded;
    compileManifest(manifest);
    return manifest;
  } catch (error) {
    throw namingPaths(error, paths);
  } finally {
    runner.stop();
    await runner.gone;
  }
}

/** Names the place that the user gave, not the module that was built from it. */
export function namingPaths(error: unknown, paths: readonly string[]): unknown {
  if (!SluiceError.is(error, 'SLUICE_TASKS_MISSING')) return error;
  return new SluiceError(
    'SLUICE_TASKS_MISSING',
    { path: paths.map((path) => resolve(path)).join(', ') },
    { cause: error },
  );
}
