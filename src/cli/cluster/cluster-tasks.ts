import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isBuilt } from '../../task-files/find-task-files.ts';
import { moduleFolder, projectOf } from '../../task-files/module-folder.ts';
import { buildTasks } from '../server/build-tasks.ts';

const NAME_LENGTH = 12;

/**
 * The folder of the built tasks for the cluster in `folder`, built from `source` unless it is one already. It lies within
 * the project of the tasks, wherever the cluster keeps its data: their imports are looked up from there.
 * @throws SluiceError for tasks that can not be used
 */
export async function clusterTasks(source: string, folder: string): Promise<string> {
  if (isBuilt(source)) return source;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, NAME_LENGTH);
  const built = join(moduleFolder(projectOf(source)), `cluster-${name}`);
  await buildTasks(source, built);
  return built;
}
