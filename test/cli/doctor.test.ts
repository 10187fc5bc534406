import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serving, sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

interface Report {
  readonly ok: boolean;
  readonly settings: { readonly name: string; readonly value: string | null; readonly origin: string }[];
  readonly checks: {
    readonly subject: string;
    readonly verdict: string;
    readonly says: string;
    readonly fix?: string;
  }[];
}

async function examine(args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const { code, stdout } = await sluice(['doctor', '--json', ...args], { cwd, env });
  return { code, report: JSON.parse(stdout) as Report };
}

test('finds a sound set-up sound, and leaves no trace of its looking', async () => {
  const folder = echoProject({ 'node_modules/.keep': '' });
  const { code, report } = await examine(['--port', '0', '--metrics-port', '0'], folder);
  expect([code, report.ok]).toEqual([0, true]);
  const subjects = report.checks.map(({ subject }) => subject);
  expect(subjects).toEqual([
    'node',
    'open files',
    'esbuild',
    'tasks',
    'data folder',
    'file system',
    'fsync',
    'lock',
    'port 0',
    'port 0',
  ]);
  expect(existsSync(join(folder, '.sluice'))).toBe(false);
});

test('says where each value comes from, and shows no secret', async () => {
  const secret = 'a'.repeat(40);
  const { report } = await examine(['--port', '0'], echoProject(), {
    SLUICE_SECRET: secret,
    SLUICE_GRACE: '5s',
  });
  expect(report.settings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'port', value: '0', origin: 'flag' }),
      expect.objectContaining({ name: 'grace', value: '5s', origin: 'environment' }),
      expect.objectContaining({ name: 'secret', value: '(secret)' }),
    ]),
  );
  expect(JSON.stringify(report)).not.toContain(secret);
});

test('tells what is wrong and what to do about it', async () => {
  const folder = echoProject({ 'tasks/broken.ts': 'export const = 1;', file: '' });
  const { code, report } = await examine(['--data', 'file', '--grace', 'soon'], folder);
  expect([code, report.ok]).toEqual([1, false]);
  const failed = report.checks.filter(({ verdict }) => verdict === 'fail');
  expect(failed.map(({ subject }) => subject)).toEqual(
    expect.arrayContaining(['configuration', 'tasks', 'data folder']),
  );
  expect(failed.every(({ fix }) => fix !== undefined && fix !== '')).toBe(true);
});

test('tells of a port that something else has, and by which flag another is chosen', async () => {
  const folder = echoProject();
  const { url } = await serving(['start'], { cwd: folder });
  const { port } = new URL(url);
  const { report } = await examine(['--port', '0', '--metrics-port', port], folder);
  expect(report.checks.find(({ subject }) => subject === `port ${port}`)).toMatchObject({
    verdict: 'fail',
    fix: expect.stringContaining('--metrics-port'),
  });
});

test('knows its own server by port and data folder', async () => {
  const folder = echoProject();
  const { said } = await serving(['start', '--json'], { cwd: folder });
  const { url, metricsUrl } = JSON.parse(said()) as { url: string; metricsUrl: string };
  const [port, metricsPort] = [new URL(url).port, new URL(metricsUrl).port];
  const { report } = await examine(['--port', port, '--metrics-port', metricsPort], folder);
  const says = Object.fromEntries(report.checks.map((check) => [check.subject, check.says]));
  expect(says[`port ${port}`]).toBe('a Sluice server answers there');
  expect(says[`port ${metricsPort}`]).toBe('a Sluice server answers there');
  expect(says['lock']).toMatch(/^the folder is in use \(process \d+\)$/);
});
