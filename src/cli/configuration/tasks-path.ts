import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'tasks';

/** Where the tasks are: in the folder `tasks` of a project, unless `path` is a folder of tasks or a file itself. */
export function tasksPath(path = '.'): string {
  const inside = join(path, FOLDER);
  const isProject = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true && existsSync(inside);
  return isProject ? inside : path;
}
