import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SluiceConfig } from '../../core/config.ts';
import { messageOf, SluiceError } from '../../core/errors.ts';
import { SETTINGS } from './settings.ts';

const NAMES = ['sluice.config.ts', 'sluice.config.mts', 'sluice.config.js', 'sluice.config.mjs'];

export interface ConfigFile {
  readonly config: SluiceConfig;
  /** Absolute; undefined where there is no file. */
  readonly path: string | undefined;
}

/**
 * Loads the configuration at `path`, or the `sluice.config.*` of the current folder where there is one.
 * @throws SluiceError `SLUICE_CONFIG_INVALID`
 */
export async function loadConfigFile(path?: string): Promise<ConfigFile> {
  const file = path ?? NAMES.find((name) => existsSync(name));
  if (file === undefined) return { config: {}, path: undefined };
  const absolute = resolve(file);
  if (!existsSync(absolute)) throw invalid(absolute, 'there is no such file');
  return { config: check(await load(absolute), absolute), path: absolute };
}

async function load(path: string): Promise<unknown> {
  const { bundleTasks } = await import('../../task-files/bundle.ts');
  try {
    const { module } = await bundleTasks([path]);
    const files = (await import(pathToFileURL(module).href)) as Record<string, Record<string, unknown>>;
    return Object.values(files)[0]?.['default'];
  } catch (error) {
    const built = SluiceError.is(error, 'SLUICE_TASKS_BUILD_FAILED');
    throw invalid(path, built ? String(error.data['reason']) : messageOf(error), error);
  }
}

function check(config: unknown, path: string): SluiceConfig {
  if (typeof config !== 'object' || config === null) {
    throw invalid(
      path,
      'it has no configuration as its default export: export default defineConfig({ ... })',
    );
  }
  const known = Object.entries(SETTINGS).flatMap(([name, setting]) => (setting.config ? [name] : []));
  const unknown = Object.keys(config).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(path, `there is no "${unknown}"; known are ${known.join(', ')}`);
  return config;
}

function invalid(path: string, reason: string, cause?: unknown): SluiceError {
  return new SluiceError('SLUICE_CONFIG_INVALID', { path, reason }, { cause });
}
