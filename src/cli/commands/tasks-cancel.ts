import { command } from '../command.ts';
import { CLIENT_ARGS, connect } from '../configuration/setting-args.ts';
import { asTask, taskLine, taskPath } from '../client/task-resource.ts';

export const tasksCancel = command({
  name: 'tasks cancel',
  what: 'Cancel a task. One that runs is told, and ends a little later.',
  args: { id: { type: 'positional', required: true, description: 'Id of the task.' }, ...CLIENT_ARGS },
  run: async (args, terminal) => {
    const reply = await connect(args).call(`${taskPath(args.id)}/cancel`, { method: 'POST' });
    const task = asTask(reply);
    terminal.data(terminal.json ? JSON.stringify(task) : taskLine(task, terminal));
  },
});
