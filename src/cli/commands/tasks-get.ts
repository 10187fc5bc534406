import { command } from '../command.ts';
import { CLIENT_ARGS, connect } from '../configuration/setting-args.ts';
import { getTask } from '../client/task-resource.ts';

export const tasksGet = command({
  name: 'tasks get',
  what: 'Show a task.',
  args: { id: { type: 'positional', required: true, description: 'Id of the task.' }, ...CLIENT_ARGS },
  run: async (args, terminal) => {
    const task = await getTask(connect(args), args.id);
    terminal.data(terminal.json ? JSON.stringify(task) : JSON.stringify(task, undefined, 2));
  },
});
