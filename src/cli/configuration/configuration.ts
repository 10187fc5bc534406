import type { SluiceConfig } from '../../core/config.ts';
import { SETTINGS, type Setting, type SettingName, type SettingValues } from './settings.ts';

export type Origin = 'flag' | 'environment' | 'config' | 'default';

/** One value of the configuration and where it comes from. */
export interface Choice {
  readonly name: SettingName;
  readonly origin: Origin;
  /** The flag, the variable or the file that gave it. */
  readonly from: string;
  /** As it was given; undefined where nothing was and there is no default. */
  readonly text: string | undefined;
}

export interface Sources {
  /** Flags and arguments of the command line, by the name of the setting. */
  readonly flags: Partial<Record<SettingName, string>>;
  readonly env: NodeJS.ProcessEnv;
  readonly config: SluiceConfig;
  /** Path of the file that `config` comes from. */
  readonly configPath?: string | undefined;
}

export interface Configuration {
  readonly values: SettingValues;
  readonly choices: readonly Choice[];
}

const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/**
 * Decides every setting: flag, then environment, then configuration file, then default.
 * @throws SluiceError `SLUICE_OPTION_INVALID`, naming where the bad value comes from
 */
export function configure(sources: Sources): Configuration {
  const choices = choose(sources);
  return { values: valuesOf(choices), choices };
}

/** Where each setting comes from, with nothing read yet: for telling about a configuration that is wrong. */
export function choose(sources: Sources): readonly Choice[] {
  return SETTING_NAMES.map((name) => choice(name, sources));
}

/** @throws SluiceError `SLUICE_OPTION_INVALID` */
export function valueOf({ name, from, text }: Choice): unknown {
  const setting: Setting<unknown> = SETTINGS[name];
  return text === undefined ? undefined : setting.parse(text, from);
}

function valuesOf(choices: readonly Choice[]): SettingValues {
  return Object.fromEntries(choices.map((each) => [each.name, valueOf(each)])) as SettingValues;
}

function choice(name: SettingName, { flags, env, config, configPath }: Sources): Choice {
  const setting: Setting<unknown> = SETTINGS[name];
  const given = flags[name];
  if (given !== undefined) {
    return {
      name,
      origin: 'flag',
      from: setting.flag ? `--${setting.flag}` : `the argument "${name}"`,
      text: given,
    };
  }
  const variable = env[setting.env];
  if (variable !== undefined && variable !== '') {
    return { name, origin: 'environment', from: setting.env, text: variable };
  }
  const configured = setting.config ? config[name as keyof SluiceConfig] : undefined;
  if (configured !== undefined) {
    return {
      name,
      origin: 'config',
      from: `${name} in ${configPath ?? 'the configuration'}`,
      text: asText(configured, setting),
    };
  }
  return { name, origin: 'default', from: 'default', text: setting.default };
}

/** As it would be given on the command line. */
function asText(configured: unknown, { takes }: Setting<unknown>): string {
  return takes === 'DURATION' && typeof configured === 'number' ? `${configured}ms` : String(configured);
}
