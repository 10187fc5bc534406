import type { ArgsDef } from 'citty';
import { type Configuration, configure, type Sources } from './configuration.ts';
import { HttpClient } from '../client/http-client.ts';
import { SETTINGS, type Setting, type SettingName } from './settings.ts';

type Parsed = Readonly<Record<string, unknown>>;

/** Settings that the commands which run a server take as flags. */
const SERVER_SETTINGS = [
  'port',
  'host',
  'metricsPort',
  'data',
  'queues',
  'concurrency',
  'runners',
  'grace',
  'shutdownDelay',
  'keys',
  'spool',
  'logLevel',
  'requireDurable',
] as const satisfies readonly SettingName[];

export const TASKS_ARG = {
  tasks: {
    type: 'positional',
    required: false,
    description: `Folder or file of the tasks, or a project. Default: ${SETTINGS.tasks.default}.`,
  },
} as const satisfies ArgsDef;

export const CONFIG_ARG = {
  config: {
    type: 'string',
    valueHint: 'FILE',
    description: 'Default: sluice.config.ts, where there is one.',
  },
} as const satisfies ArgsDef;

export const SERVER_ARGS: ArgsDef = {
  ...TASKS_ARG,
  ...argsOf(SERVER_SETTINGS),
  ...CONFIG_ARG,
};

/** The flags of the commands that talk to a running server. */
export const CLIENT_ARGS = {
  url: { type: 'string', valueHint: SETTINGS.url.takes, description: describe(SETTINGS.url) },
} as const satisfies ArgsDef;

function argsOf(names: readonly SettingName[]): ArgsDef {
  return Object.fromEntries(
    names.map((name) => {
      const setting: Setting<unknown> = SETTINGS[name];
      const description = describe(setting);
      return [
        setting.flag ?? name,
        setting.takes
          ? { type: 'string', valueHint: setting.takes, description }
          : { type: 'boolean', description },
      ];
    }),
  );
}

function describe({ what, default: value, takes }: Setting<unknown>): string {
  return value !== undefined && takes ? `${what} Default: ${value}.` : what;
}

/** What the command line says of the settings. */
function flagsOf(args: Parsed): Sources['flags'] {
  const flags: Partial<Record<SettingName, string>> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const value = args[setting.flag ?? name];
    const told = typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
    if (told !== undefined && (setting.flag !== undefined || name === 'tasks')) flags[name] = told;
  }
  return flags;
}

/** @throws SluiceError `SLUICE_CONFIG_INVALID` or `SLUICE_OPTION_INVALID` */
export async function configureServer(args: Parsed): Promise<Configuration> {
  return configure(await serverSources(args));
}

/** @throws SluiceError `SLUICE_CONFIG_INVALID` */
export async function serverSources(args: Parsed): Promise<Sources> {
  const { loadConfigFile } = await import('./config-file.ts');
  const given = args['config'];
  const { config, path } = await loadConfigFile(typeof given === 'string' ? given : undefined);
  return { flags: flagsOf(args), env: process.env, config, configPath: path };
}

/** @throws SluiceError `SLUICE_OPTION_INVALID` */
export function connect(args: Parsed): HttpClient {
  const url = args['url'];
  const flags = typeof url === 'string' ? { url } : {};
  const { values } = configure({ flags, env: process.env, config: {} });
  return new HttpClient(values.url, values.key);
}
