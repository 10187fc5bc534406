import { awaitEnd } from '../client/await-end.ts';
import { command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { CLIENT_ARGS, connect } from '../configuration/setting-args.ts';
import { taskLine } from '../client/task-resource.ts';

export const tasksWatch = command({
  name: 'tasks watch',
  what: 'Show each change of a task, and its progress, until it ends.',
  args: { id: { type: 'positional', required: true, description: 'Id of the task.' }, ...CLIENT_ARGS },
  run: async (args, terminal) => {
    const end = await awaitEnd(connect(args), args.id, {
      onChange: (task) => terminal.data(terminal.json ? JSON.stringify(task) : taskLine(task, terminal)),
    });
    return end.status === 'succeeded' ? EXIT.ok : EXIT.taskFailed;
  },
});
