import { createLogger } from '../../observe/log.ts';
import { announceWorkers } from '../server/announce.ts';
import { command } from '../command.ts';
import { serveWorkers } from '../server/serve.ts';
import { configureServer, SERVER_ARGS } from '../configuration/setting-args.ts';
import { askedToStop } from '../server/stop-signals.ts';

export const worker = command({
  name: 'worker',
  what: 'Run tasks that gateways elsewhere accept.',
  args: SERVER_ARGS,
  run: async (args, terminal) => {
    const { values } = await configureServer(args);
    const stopping = askedToStop(terminal, values.grace);
    const logger = createLogger({ level: values.logLevel, colours: terminal.coloured });
    const working = await serveWorkers({ values, logger });
    announceWorkers(working, terminal);
    await stopping;
    await working.process.close(values.grace);
  },
});
