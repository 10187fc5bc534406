import { createLogger } from '../../observe/log.ts';
import { announce } from '../server/announce.ts';
import { command } from '../command.ts';
import { serve } from '../server/serve.ts';
import { configureServer, SERVER_ARGS } from '../configuration/setting-args.ts';
import { askedToStop } from '../server/stop-signals.ts';

export const gateway = command({
  name: 'gateway',
  what: 'Serve the API alone, for the tasks that "sluice build" wrote; workers run elsewhere.',
  args: SERVER_ARGS,
  run: async (args, terminal) => {
    const { values } = await configureServer(args);
    const stopping = askedToStop(terminal, values.grace);
    const logger = createLogger({ level: values.logLevel, colours: terminal.coloured });
    const serving = await serve({ values, logger }, 'gateway');
    announce(serving, values, terminal);
    await stopping;
    await serving.process.close(values.grace);
  },
});
