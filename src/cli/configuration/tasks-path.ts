import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const FOLDER = 'tasks';

/**
 * Where the tasks are: in the folder `tasks` of a project, unless `path` is a folder of tasks or a file itself. The
 * other files of a project are never taken for tasks: to load them is to run them.
 */
export function tasksPath(path: string): string {
  const inside = join(path, FOLDER);
  const isProject = existsSync(join(path, 'package.json')) || existsSync(inside);
  return isProject && basename(resolve(path)) !== FOLDER ? inside : path;
}
