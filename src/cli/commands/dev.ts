import { createLogger } from '../../observe/log.ts';
import { announce, announceTasks } from '../server/announce.ts';
import { command } from '../command.ts';
import { reportFailure } from '../report-failure.ts';
import { serve } from '../server/serve.ts';
import { configureServer, SERVER_ARGS } from '../configuration/setting-args.ts';
import { askedToStop } from '../server/stop-signals.ts';

export const dev = command({
  name: 'dev',
  what: 'Run the tasks while you write them: a change takes effect when it is saved.',
  args: SERVER_ARGS,
  run: async (args, terminal) => {
    const { values } = await configureServer(args);
    const stopping = askedToStop(terminal, values.grace);
    const serving = await serve({
      values,
      logger: createLogger({ level: values.logLevel, format: 'pretty', colours: terminal.coloured }),
      onReload: (error) => {
        if (error === undefined)
          terminal.say(`${terminal.paint('green', 'reloaded')} ${tasksOf(serving.process)}`);
        else {
          reportFailure(error, terminal);
          terminal.say(terminal.paint('dim', 'The code from before stays in use.'));
        }
      },
    });
    announce(serving, values, terminal);
    announceTasks(serving.process.manifest, serving.url, terminal);
    await stopping;
    await serving.process.close(values.grace);
  },
});

function tasksOf({
  manifest,
}: {
  readonly manifest: { readonly tasks: readonly { readonly name: string }[] };
}): string {
  return manifest.tasks.map(({ name }) => name).join(', ');
}
