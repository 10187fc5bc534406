import { SluiceError } from '../../core/errors.ts';
import type { ListFilter, TaskPage, Tasks } from '../../database/database.ts';
import { within } from './deadline.ts';
import type { TaskResources } from './task-resource.ts';

const DEADLINE_MS = 10_000;

/**
 * A page of tasks as JSON: `{"tasks":[...],"next":"..."}`, without results, `next` only where there is more.
 * @throws SluiceError `SLUICE_DATABASE_UNAVAILABLE`
 */
export async function listTasks(
  database: Pick<Tasks, 'list'>,
  resources: TaskResources,
  filter: ListFilter,
): Promise<string> {
  const { tasks, next } = await ask(database, filter);
  const items = tasks.map((record) => resources.ofView({ record })).join(',');
  return `{"tasks":[${items}]${next === undefined ? '' : `,"next":${JSON.stringify(next)}`}}`;
}

async function ask(database: Pick<Tasks, 'list'>, filter: ListFilter): Promise<TaskPage> {
  try {
    return await within(DEADLINE_MS, database.list(filter));
  } catch (error) {
    if (SluiceError.is(error)) throw error;
    throw new SluiceError('SLUICE_DATABASE_UNAVAILABLE', {}, { cause: error });
  }
}
