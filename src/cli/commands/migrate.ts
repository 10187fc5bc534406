import { command } from '../command.ts';
import { CONFIG_ARG, configureServer } from '../configuration/setting-args.ts';

export const migrate = command({
  name: 'migrate',
  what: 'Bring the tables of SLUICE_DATABASE_URL to the version of this release, before its servers start.',
  args: CONFIG_ARG,
  run: async (args, terminal) => {
    const { databaseUrl } = (await configureServer({ config: args.config })).values;
    if (databaseUrl === undefined) {
      if (terminal.json) terminal.data(JSON.stringify({ database: 'embedded' }));
      else
        terminal.say('The database is embedded: its folder is brought up to date whenever a server starts.');
      return;
    }
    const { migrateDatabase } = await import('../../engines.ts');
    const { schema, from, to } = await migrateDatabase(databaseUrl);
    if (terminal.json) terminal.data(JSON.stringify({ database: 'postgres', schema, from, to }));
    else if (from === to) terminal.say(`The schema "${schema}" is already at version ${to}.`);
    else
      terminal.say(
        `${terminal.paint('green', 'migrated')} the schema "${schema}" from version ${from} to version ${to}.`,
      );
  },
});
