import { createLogger } from '../../observe/log.ts';
import { announce } from '../server/announce.ts';
import { command } from '../command.ts';
import { serve } from '../server/serve.ts';
import { configureServer, SERVER_ARGS } from '../configuration/setting-args.ts';
import { askedToStop } from '../server/stop-signals.ts';

export const start = command({
  name: 'start',
  what: 'Run the tasks for production, from their sources or from what "sluice build" wrote.',
  args: SERVER_ARGS,
  run: async (args, terminal) => {
    const { values } = await configureServer(args);
    const stopping = askedToStop(terminal, values.grace);
    const serving = await serve({
      values,
      logger: createLogger({ level: values.logLevel, colours: terminal.coloured }),
    });
    announce(serving, values, terminal);
    await stopping;
    await serving.process.close(values.grace);
  },
});
