import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serving, sluice } from './cli.ts';
import { echoProject } from './echo-project.ts';

test('writes a module and a manifest that "start" runs without the sources', async () => {
  const folder = echoProject();
  const { code, stdout } = await sluice(['build', '--out', 'release', '--json'], { cwd: folder });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ tasks: ['echo', 'fails', 'slow'] });
  const manifest = JSON.parse(readFileSync(join(folder, 'release/manifest.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({ format: 1 });
  rmSync(join(folder, 'tasks'), { recursive: true });
  const { url } = await serving(['start', 'release'], { cwd: folder });
  const ran = await sluice(['enqueue', 'echo', '{"text":"hi"}', '--wait', '30s', '--url', url]);
  expect([ran.code, JSON.parse(ran.stdout)]).toEqual([0, { text: 'hi' }]);
});

test('does not take its own output for a task file', async () => {
  const folder = echoProject();
  for (let time = 0; time < 2; time += 1) {
    expect((await sluice(['build', 'tasks', '--out', 'tasks/out'], { cwd: folder })).code).toBe(0);
  }
  expect(existsSync(join(folder, 'tasks/out/tasks.mjs'))).toBe(true);
});

test.each([
  ['a file that does not compile', 'export const = 1;', 'SLUICE_TASKS_BUILD_FAILED'],
  ['no task', 'export const nothing = 1;', 'SLUICE_TASKS_MISSING'],
  [
    'a bad name',
    "import { task } from 'sluice';\nexport const a = task('Bad', { input: {}, run() {} });",
    'SLUICE_DEFINITION_INVALID',
  ],
  [
    'a name defined twice',
    "import { task } from 'sluice';\nexport const a = task('echo', { input: {}, run() {} });",
    'SLUICE_DEFINITION_DUPLICATE',
  ],
  [
    'a package that is not installed',
    "import less from 'less';\nexport const a = less;",
    'error Not installed: "less" (imported at tasks/echo.ts:1). Run "npm install less".',
  ],
  [
    'an input schema that is none',
    "import { task } from 'sluice';\nexport const a = task('a', { input: { type: 'no-type' }, run() {} });",
    'its input schema can not be',
  ],
  [
    'an output schema that is none',
    "import { task } from 'sluice';\nexport const a = task('a', { input: {}, output: { type: 'no-type' }, run: () => 1 });",
    'its output schema can not be',
  ],
  ['a file that throws', "\nthrow new Error('not today');", 'Error: not today'],
])('refuses %s with one message and exit code 2, as "start" and "dev" do', async (what, content, reason) => {
  const files = what.startsWith('a name defined')
    ? { 'tasks/more.ts': content }
    : { 'tasks/echo.ts': content };
  const folder = echoProject(files);
  for (const command of ['build', 'start', 'dev']) {
    const { code, stdout, stderr } = await sluice([command], { cwd: folder });
    expect([command, code, stdout]).toEqual([command, 2, '']);
    expect(stderr).toContain(reason);
    // Where it is in the sources, not in what was made of them or in what runs them.
    expect(stderr).not.toMatch(/node:internal|\.sluice|src.runner/);
  }
});
