import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isBuilt } from '../../task-files/find-task-files.ts';
import { moduleFolder, projectOf } from '../../task-files/module-folder.ts';
import { buildTasks } from '../server/build-tasks.ts';

/** The built tasks of a cluster. */
export interface ClusterTasks {
  /** Where they are once they are built. */
  readonly folder: string;
  /** @throws SluiceError for tasks that can not be used */
  build(): Promise<void>;
}

const NAME_LENGTH = 12;

/**
 * The tasks in `source` for the cluster in `folder`; nothing is built where they are built already. They lie within the
 * project of the tasks, wherever the cluster keeps its data: their imports are looked up from there.
 */
export function clusterTasks(source: string, folder: string): ClusterTasks {
  if (isBuilt(source)) return { folder: source, build: () => Promise.resolve() };
  const name = createHash('sha256').update(folder).digest('hex').slice(0, NAME_LENGTH);
  const built = join(moduleFolder(projectOf(source)), `cluster-${name}`);
  return {
    folder: built,
    build: async () => {
      await buildTasks(source, built);
    },
  };
}
