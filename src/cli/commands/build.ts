import { resolve } from 'node:path';
import { command } from '../command.ts';
import { buildTasks } from '../server/build-tasks.ts';
import { CONFIG_ARG, configureServer, TASKS_ARG } from '../configuration/setting-args.ts';
import { tasksPath } from '../configuration/tasks-path.ts';

export const build = command({
  name: 'build',
  what: 'Write the tasks as one module and their manifest, for "sluice start" without a compiler.',
  args: {
    ...TASKS_ARG,
    out: { type: 'string', default: 'build', valueHint: 'FOLDER', description: 'Where to.' },
    ...CONFIG_ARG,
  },
  run: async (args, terminal) => {
    const { values } = await configureServer({ tasks: args.tasks, config: args.config });
    const out = resolve(args.out);
    const { module, files, manifest } = await buildTasks(tasksPath(values.tasks), out);
    const tasks = manifest.tasks.map(({ name }) => name);
    if (terminal.json) terminal.data(JSON.stringify({ out, module, files, tasks, hash: manifest.hash }));
    else
      terminal.say(
        `${terminal.paint('green', 'built')} ${tasks.join(', ')} into ${args.out}; run "sluice start ${args.out}"`,
      );
  },
});
