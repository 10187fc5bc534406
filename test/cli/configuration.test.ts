import { describe, expect, test } from 'vitest';
import { configure, type Sources } from '../../src/cli/configuration/configuration.ts';
import { SETTINGS, type Setting } from '../../src/cli/configuration/settings.ts';
import { page, rows } from '../docs/markdown.ts';
import { sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

const NOTHING: Sources = { flags: {}, env: {}, config: {} };

test('prefers a flag to the environment, that to the configuration file, and that to the default', () => {
  const sources: Sources = {
    flags: { port: '1' },
    env: { SLUICE_PORT: '2', SLUICE_HOST: '::1' },
    config: { port: 3, host: 'example.org', grace: '1m' },
  };
  const { values, choices } = configure(sources);
  expect(values).toMatchObject({ port: 1, host: '::1', grace: 60_000, metricsPort: 7071 });
  const origins = Object.fromEntries(choices.map(({ name, origin }) => [name, origin]));
  expect(origins).toMatchObject({
    port: 'flag',
    host: 'environment',
    grace: 'config',
    metricsPort: 'default',
  });
});

test('takes a number in the configuration file for milliseconds, where it is a duration', () => {
  expect(configure({ ...NOTHING, config: { grace: 1500 } }).values.grace).toBe(1500);
});

test('takes an empty variable for none', () => {
  expect(configure({ ...NOTHING, env: { SLUICE_PORT: '' } }).values.port).toBe(7070);
});

test('names the place that a bad value comes from', () => {
  const read = (sources: Partial<Sources>) => () => configure({ ...NOTHING, ...sources });
  expect(read({ flags: { port: '70700' } })).toThrow('--port is "70700"');
  expect(read({ env: { SLUICE_GRACE: 'soon' } })).toThrow('SLUICE_GRACE is "soon"');
  expect(read({ config: { concurrency: 0 }, configPath: 'sluice.config.ts' })).toThrow(
    'concurrency in sluice.config.ts',
  );
  expect(read({ env: { SLUICE_QUEUES: 'a,,b' } })).toThrow('SLUICE_QUEUES');
});

describe('sluice.config.ts', () => {
  test('is loaded from the current folder, types and all', async () => {
    const folder = echoProject({
      'sluice.config.ts':
        "import { defineConfig } from 'sluice';\nexport default defineConfig({ port: 7123 as number });",
    });
    const { stdout } = await sluice(['doctor', '--json'], { cwd: folder });
    const { settings } = JSON.parse(stdout) as { settings: { name: string }[] };
    expect(settings.find(({ name }) => name === 'port')).toMatchObject({ value: '7123', origin: 'config' });
  });

  test.each([
    ['export default { prot: 1 };', 'there is no "prot"'],
    ['export const port = 1;', 'default export'],
    ['export default {', 'found end of file'],
  ])('is refused when it says %j', async (content, reason) => {
    const folder = echoProject({ 'sluice.config.ts': content });
    const { code, stderr } = await sluice(['start'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
  });
});

test('is documented, setting by setting', () => {
  const documented = rows(page('docs/reference/configuration.md')).filter(([name]) => name?.startsWith('`'));
  expect(documented).toEqual(Object.entries(SETTINGS).map(([name, setting]) => row(name, setting)));
});

function row(name: string, setting: Setting<unknown>): string[] {
  const { flag, env, config, default: value, takes, what } = setting;
  const shown = flag === undefined ? '' : `\`--${flag}${takes === undefined ? '' : ` ${takes}`}\``;
  return [
    `\`${name}\``,
    shown,
    `\`${env}\``,
    config ? 'yes' : '',
    value === undefined ? '' : `\`${value}\``,
    what,
  ];
}
