import { join } from 'node:path';
import type { Manifest } from '../../manifest/manifest.ts';
import { writeManifest } from '../../manifest/manifest-file.ts';
import { bundleTasks, type TaskBundle } from '../../task-files/bundle.ts';
import { BUILT_MANIFEST } from '../../task-files/find-task-files.ts';
import { readTasks } from './read-tasks.ts';

/**
 * Writes the tasks at `path` into the folder `out`, as one module and their manifest.
 * @throws SluiceError for tasks that can not be used
 */
export async function buildTasks(
  path: string,
  out: string,
): Promise<TaskBundle & { readonly manifest: Manifest }> {
  const bundle = await bundleTasks([path], out);
  const manifest = await readTasks(bundle.module, [path]);
  await writeManifest(join(out, BUILT_MANIFEST), manifest);
  return { ...bundle, manifest };
}
