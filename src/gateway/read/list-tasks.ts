import type { ListFilter, Tasks } from '../../database/database.ts';
import { databaseAnswer } from './database-answer.ts';
import type { TaskResources } from './task-resource.ts';

/**
 * A page of tasks as JSON: `{"tasks":[...],"next":"..."}`, without results, `next` only where there is more.
 * @throws SluiceError `SLUICE_DATABASE_UNAVAILABLE`
 */
export async function listTasks(
  database: Pick<Tasks, 'list'>,
  resources: TaskResources,
  filter: ListFilter,
): Promise<string> {
  const { tasks, next } = await databaseAnswer(database.list(filter));
  const items = tasks.map((record) => resources.ofView({ record })).join(',');
  return `{"tasks":[${items}]${next === undefined ? '' : `,"next":${JSON.stringify(next)}`}}`;
}
