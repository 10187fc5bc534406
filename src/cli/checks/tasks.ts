import { bundleTasks } from '../../task-files/bundle.ts';
import { readTasks } from '../server/read-tasks.ts';
import { type Finding, look, ok } from './check.ts';

/** Whether the tasks can be built and loaded. */
export async function checkTasks(path: string): Promise<Finding> {
  return look('tasks', 'correct the task files, or name them: sluice doctor FOLDER', async () => {
    const { module } = await bundleTasks([path]);
    const { tasks } = await readTasks(module, [path]);
    return ok('tasks', `${tasks.map(({ name }) => name).join(', ')} in ${path}`);
  });
}
