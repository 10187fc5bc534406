import { command } from '../command.ts';
import { CLIENT_ARGS, connect } from '../configuration/setting-args.ts';
import { taskLine, type TaskResource } from '../client/task-resource.ts';
import type { Terminal } from '../terminal.ts';

interface Page {
  readonly tasks: readonly TaskResource[];
  /** Where the next page begins; none on the last. */
  readonly next?: string | null;
}

export const tasksList = command({
  name: 'tasks list',
  what: 'List tasks, the newest first.',
  args: {
    task: { type: 'string', valueHint: 'NAME', description: 'Only tasks of this name.' },
    state: { type: 'string', valueHint: 'STATE', description: 'Only tasks in this state, such as failed.' },
    tag: { type: 'string', valueHint: 'TAG', description: 'Only tasks with this tag.' },
    limit: { type: 'string', valueHint: 'NUMBER', description: 'How many. Default: 50.' },
    cursor: { type: 'string', valueHint: 'CURSOR', description: 'Where the last page ended.' },
    ...CLIENT_ARGS,
  },
  run: async (args, terminal) => {
    const { body } = await connect(args).call('/v1/tasks', {
      query: { task: args.task, state: args.state, tag: args.tag, limit: args.limit, cursor: args.cursor },
    });
    if (terminal.json) writeJson(body as Page, terminal);
    else writeLines(body as Page, terminal);
  },
});

function writeJson({ tasks, next }: Page, terminal: Terminal): void {
  for (const task of tasks) terminal.data(JSON.stringify(task));
  if (next) terminal.say(JSON.stringify({ next }));
}

function writeLines({ tasks, next }: Page, terminal: Terminal): void {
  for (const task of tasks) terminal.data(taskLine(task, terminal));
  if (tasks.length === 0) {
    terminal.say('No such task has run yet; what waits for its first run is not listed.');
  }
  if (next) terminal.say(terminal.paint('dim', `more: --cursor ${next}`));
}
