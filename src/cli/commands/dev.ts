import type { Manifest } from '../../manifest/manifest.ts';
import { createLogger } from '../../observe/log.ts';
import { announce, announceTasks } from '../server/announce.ts';
import { command } from '../command.ts';
import { reportFailure } from '../report-failure.ts';
import { serve } from '../server/serve.ts';
import { configureServer, SERVER_ARGS } from '../configuration/setting-args.ts';
import { askedToStop } from '../server/stop-signals.ts';
import type { Terminal } from '../terminal.ts';

export const dev = command({
  name: 'dev',
  what: 'Run the tasks while you write them: a change takes effect when it is saved.',
  args: SERVER_ARGS,
  run: async (args, terminal) => {
    const { values } = await configureServer(args);
    const stopping = askedToStop(terminal, values.grace);
    const serving = await serve({
      values,
      logger: createLogger({
        level: values.logLevel,
        format: terminal.json ? 'json' : 'pretty',
        colours: terminal.coloured,
      }),
      onReload: (error) => {
        if (error === undefined) sayReloaded(serving.process.manifest, terminal);
        else sayKept(error, terminal);
      },
    });
    announce(serving, values, terminal);
    announceTasks(serving.process.manifest, serving.url, terminal);
    await stopping;
    await serving.process.close(values.grace);
  },
});

function sayReloaded({ tasks }: Manifest, terminal: Terminal): void {
  const names = tasks.map(({ name }) => name);
  if (terminal.json) terminal.say(JSON.stringify({ reloaded: names }));
  else terminal.say(`${terminal.paint('green', 'reloaded')} ${names.join(', ')}`);
}

function sayKept(error: unknown, terminal: Terminal): void {
  reportFailure(error, terminal);
  if (!terminal.json) terminal.say(terminal.paint('dim', 'The code from before stays in use.'));
}
