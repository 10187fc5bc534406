import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { SluiceError } from '../../src/core/errors.ts';
import type { TaskBundle } from '../../src/task-files/bundle.ts';
import { type TaskWatch, watchTasks } from '../../src/task-files/watch.ts';
import { project, write } from '../project.ts';

interface Watched {
  readonly built: TaskBundle[];
  readonly failed: SluiceError[];
  readonly watch: TaskWatch;
}

async function watched(folder: string): Promise<Watched> {
  const built: TaskBundle[] = [];
  const failed: SluiceError[] = [];
  const watch = await watchTasks([join(folder, 'tasks')], {
    onBuilt: (bundle) => built.push(bundle),
    onFailed: (error) => failed.push(error),
  });
  onTestFinished(() => watch.close());
  return { built, failed, watch };
}

async function exportsOf(bundle: TaskBundle | undefined): Promise<Record<string, unknown>> {
  return (await import(/* @vite-ignore */ pathToFileURL(bundle?.module ?? '').href)) as Record<
    string,
    unknown
  >;
}

test.each([
  ['by its path', '../lib/value.ts'],
  ['by a path of the tsconfig', '@lib/value.ts'],
])('builds again when a file has changed that a task file imports %s', async (_, specifier) => {
  const folder = project({
    'package.json': '{"type":"module"}',
    'tsconfig.json': '{"compilerOptions":{"paths":{"@lib/*":["./lib/*"]}}}',
    'tasks/a.ts': `import { value } from '${specifier}';\nexport const a = value;`,
    'lib/value.ts': 'export const value = 1;',
  });
  const { built, watch } = await watched(folder);
  expect(await exportsOf(watch.first)).toMatchObject({ 'tasks/a.ts': { a: 1 } });
  write(folder, 'lib/value.ts', 'export const value = 2;');
  await vi.waitFor(() => expect(built).toHaveLength(1), 10_000);
  expect(await exportsOf(built[0])).toMatchObject({ 'tasks/a.ts': { a: 2 } });
});

test('builds again when files come and go, in new folders too', async () => {
  const folder = project({ 'package.json': '{"type":"module"}', 'tasks/a.ts': 'export const a = 1;' });
  const { built } = await watched(folder);
  write(folder, 'tasks/new/deep/b.ts', 'export const b = 1;');
  await vi.waitFor(() => expect(built.at(-1)?.files).toHaveLength(2), 10_000);
  write(folder, 'tasks/new/deep/b.ts', 'export const b = 2;');
  await vi.waitFor(async () => {
    expect(await exportsOf(built.at(-1))).toMatchObject({ 'tasks/new/deep/b.ts': { b: 2 } });
  }, 10_000);
  rmSync(join(folder, 'tasks/new'), { recursive: true });
  await vi.waitFor(() => expect(built.at(-1)?.files).toHaveLength(1), 10_000);
});

test('tells of a build that fails, keeps the last module, and goes on', async () => {
  const folder = project({ 'package.json': '{"type":"module"}', 'tasks/a.ts': 'export const a = 1;' });
  const { built, failed, watch } = await watched(folder);
  write(folder, 'tasks/a.ts', "import { gone } from './gone.ts';\nexport const a = gone;");
  await vi.waitFor(() => expect(failed).toHaveLength(1), 10_000);
  expect(failed[0]?.message).toContain('./gone.ts');
  expect(existsSync(watch.first.module)).toBe(true);
  write(folder, 'tasks/lib/gone.d.ts', '');
  write(folder, 'tasks/gone.ts', 'export const gone = 3;');
  await vi.waitFor(async () => {
    expect(await exportsOf(built.at(-1))).toMatchObject({ 'tasks/a.ts': { a: 3 } });
  }, 10_000);
});

test('says nothing of a change that changes nothing', async () => {
  const folder = project({ 'package.json': '{"type":"module"}', 'tasks/a.ts': 'export const a = 1;' });
  const { built, failed } = await watched(folder);
  write(folder, 'tasks/a.ts', 'export const a = 1; // only a comment');
  write(folder, 'tasks/notes.md', 'no task');
  write(folder, 'tasks/b.ts', 'export const b = 1;');
  await vi.waitFor(() => expect(built.at(-1)?.files).toHaveLength(2), 10_000);
  expect(built).toHaveLength(1);
  expect(failed).toHaveLength(0);
});

test('removes its modules when closed, and those of a watch that was killed', async () => {
  const folder = project({
    'package.json': '{"type":"module"}',
    'node_modules/.cache/sluice/watch-99999999-0/tasks.mjs': '',
    'tasks/a.ts': 'export const a = 1;',
  });
  const { watch } = await watched(folder);
  expect(readdirSync(join(folder, 'node_modules/.cache/sluice'))).toHaveLength(1);
  await watch.close();
  expect(readdirSync(join(folder, 'node_modules/.cache/sluice'))).toHaveLength(0);
});

test('builds again when a package that was missing is installed', async () => {
  const folder = project({ 'package.json': '{"type":"module"}', 'tasks/a.ts': 'export const a = 1;' });
  const { built, failed } = await watched(folder);
  write(folder, 'tasks/a.ts', "import { dep } from '@scope/dep';\nexport const a = dep;");
  await vi.waitFor(() => expect(failed.at(-1)?.code).toBe('SLUICE_PACKAGE_MISSING'), 10_000);
  write(folder, 'node_modules/@scope/dep/package.json', '{"type":"module","exports":"./index.js"}');
  write(folder, 'node_modules/@scope/dep/index.js', 'export const dep = 7;');
  await vi.waitFor(() => expect(built).toHaveLength(1), 10_000);
  expect(await exportsOf(built[0])).toMatchObject({ 'tasks/a.ts': { a: 7 } });
});

test('refuses to begin with what does not build', async () => {
  const folder = project({ 'package.json': '{}', 'tasks/a.ts': 'export const = 1;' });
  await expect(watched(folder)).rejects.toMatchObject({ code: 'SLUICE_TASKS_BUILD_FAILED' });
});
