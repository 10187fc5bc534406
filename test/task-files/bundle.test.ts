import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { bundleTasks } from '../../src/task-files/bundle.ts';
import { project } from '../project.ts';

async function load(module: string): Promise<Record<string, Record<string, unknown>>> {
  return (await import(/* @vite-ignore */ pathToFileURL(module).href)) as Record<
    string,
    Record<string, unknown>
  >;
}

test('exports every task file as a namespace under its path in the project', async () => {
  const folder = project({
    'package.json': '{"type":"module"}',
    'tasks/a.ts': 'enum E { A = 1 }\nexport const a: number = E.A;',
    'tasks/deep/b.mjs': 'export const b = 2;',
    'tasks/deep/b.test.ts': 'export const no = 1;',
    'tasks/c.d.ts': 'export declare const no: number;',
    'tasks/.hidden.ts': 'export const no = 1;',
    'tasks/node_modules/x/index.js': 'export const no = 1;',
    'tasks/data.json': '{}',
  });
  const { module, files } = await bundleTasks([join(folder, 'tasks')]);
  expect(files).toEqual([join(folder, 'tasks/a.ts'), join(folder, 'tasks/deep/b.mjs')]);
  expect(await load(module)).toMatchObject({ 'tasks/a.ts': { a: 1 }, 'tasks/deep/b.mjs': { b: 2 } });
});

test('keeps import.meta of a source pointing at the source, on every line', async () => {
  const meta = 'export const meta = [import.meta.url, import.meta.filename, import.meta.dirname];';
  const folder = project({
    'package.json': '{"type":"module"}',
    'tasks/a.ts': `${meta} export const line = new Error('a').stack;`,
    'tasks/b.ts': `#!/usr/bin/env node\n${meta}`,
  });
  const { module } = await bundleTasks([join(folder, 'tasks')]);
  const loaded = await load(module);
  for (const name of ['a.ts', 'b.ts']) {
    const path = join(folder, 'tasks', name);
    expect(loaded[`tasks/${name}`]?.['meta']).toEqual([pathToFileURL(path).href, path, dirname(path)]);
  }
});

test('knows where a source is when its project, or what is installed in it, is a symbolic link', async () => {
  const folder = project({
    'elsewhere/node_modules/dep/package.json': '{}',
    'real/deep/package.json': '{"type":"module"}',
    'real/deep/tasks/a.ts': 'export const url = import.meta.url;',
  });
  symlinkSync(join(folder, 'real/deep'), join(folder, 'link'));
  const source = pathToFileURL(join(folder, 'real/deep/tasks/a.ts')).href;
  const urlIn = (module: string): string => inNode(module, 'url');
  for (const installed of [join(folder, 'elsewhere/node_modules'), undefined]) {
    const modules = join(folder, 'real/deep/node_modules');
    if (installed) symlinkSync(installed, modules);
    else unlinkSync(modules);
    const { module } = await bundleTasks([join(folder, 'link/tasks')]);
    expect(urlIn(module)).toBe(source);
  }
  const { module } = await bundleTasks([join(folder, 'link/tasks')], join(folder, 'link/out/build'));
  expect(urlIn(module)).toBe(source);
});

test('maps a stack trace back to the line of the source', async () => {
  const folder = project({
    'package.json': '{"type":"module"}',
    'tasks/a.ts':
      'interface A {\n  a: 1;\n}\nimport.meta.url;\nexport const stack = () => new Error("here").stack;',
  });
  const { module } = await bundleTasks([join(folder, 'tasks')]);
  expect(inNode(module, 'stack()')).toContain(`${join(folder, 'tasks/a.ts')}:5:`);
});

test('leaves packages to the project, and takes CommonJS', async () => {
  const folder = project({
    'package.json': '{}',
    'node_modules/dep/package.json': '{"main":"index.js"}',
    'node_modules/dep/index.js': 'exports.value = 7;',
    'tasks/a.js': "const dep = require('dep'); exports.a = dep.value;",
    'tasks/b.ts':
      "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nexport const b = require('dep').value;",
  });
  const { module } = await bundleTasks([join(folder, 'tasks')]);
  expect(dirname(module)).toBe(join(folder, 'node_modules/.cache/sluice'));
  expect(readFileSync(module, 'utf8')).not.toContain('exports.value = 7');
  expect(await load(module)).toMatchObject({ 'tasks/a.js': { a: 7 }, 'tasks/b.ts': { b: 7 } });
});

test('gives a project without the package the copy that builds it', async () => {
  const folder = project({
    'tasks/a.ts': "import { task } from 'sluice';\nexport const a = task('a', { input: {}, run: () => 1 });",
  });
  const { module } = await bundleTasks([join(folder, 'tasks')]);
  expect(dirname(module)).toBe(join(folder, 'tasks/.sluice/build'));
  expect(await load(module)).toMatchObject({ 'a.ts': { a: { name: 'a' } } });
});

test('names the module by its content', async () => {
  const folder = project({
    'package.json': '{}',
    'a.ts': 'export const a = 1;',
    'b.ts': 'export const a = 2;',
  });
  const first = await bundleTasks([join(folder, 'a.ts')]);
  expect(await bundleTasks([join(folder, 'a.ts')])).toEqual(first);
  expect((await bundleTasks([join(folder, 'b.ts')])).module).not.toBe(first.module);
});

test('shows the line at fault of a file that does not compile', async () => {
  const folder = project({ 'package.json': '{}', 'tasks/a.ts': 'export const good = 1;\nexport const = 2;' });
  const failure = await bundleTasks([join(folder, 'tasks')]).catch((error: unknown) => error);
  expect(SluiceError.is(failure, 'SLUICE_TASKS_BUILD_FAILED')).toBe(true);
  expect((failure as Error).message).toContain('tasks/a.ts:2:13');
  expect((failure as Error).message).toContain('export const = 2;');
});

test('names what is not installed, the lines that import it, and what to do', async () => {
  const folder = project({
    'package.json': '{}',
    'lib/helper.ts': "export { more } from '@scope/more/deep.js';",
    'tasks/a.ts':
      "import { readFileSync } from 'node:fs';\nimport less from 'less';\nexport const a = [less, readFileSync];",
    'tasks/b.ts': "export * from '../lib/helper.ts';",
  });
  await expect(bundleTasks([join(folder, 'tasks')])).rejects.toMatchObject({
    code: 'SLUICE_PACKAGE_MISSING',
    message:
      'Not installed: "@scope/more" (imported at lib/helper.ts:1), "less" (imported at tasks/a.ts:2). Run "npm install @scope/more less".',
  });
});

test('shows what does not compile before what is not installed', async () => {
  const folder = project({
    'package.json': '{}',
    'tasks/a.ts': "export * from 'less';",
    'tasks/b.ts': 'export const = 2;',
  });
  await expect(bundleTasks([join(folder, 'tasks')])).rejects.toMatchObject({
    code: 'SLUICE_TASKS_BUILD_FAILED',
    message: expect.stringMatching(/"less" is not installed[^]*export const = 2;/),
  });
});

test('asks for no package where none is needed', async () => {
  const folder = project({
    'package.json': '{"type":"module","imports":{"#own":"./own.js"}}',
    'own.js': 'export const own = 1;',
    'lib/aliased.ts': 'export const aliased = 3;',
    'tsconfig.json': '{"compilerOptions":{"paths":{"@lib/*":["./lib/*"]}}}',
    'node_modules/@scope/dep/package.json': '{"exports":{"import":"./index.js"}}',
    'node_modules/@scope/dep/index.js': 'export const dep = 4;',
    'tasks/a.ts': `import type { Type } from 'only-types';
import { own } from '#own';
import { aliased } from '@lib/aliased.ts';
import { dep } from '@scope/dep';
import path from 'path';
export const a: Type = [own, aliased, dep, typeof path];
export const optional = await import('optional').then(() => 'there', () => 'not there');`,
  });
  const { module } = await bundleTasks([join(folder, 'tasks')]);
  expect(await load(module)).toMatchObject({
    'tasks/a.ts': { a: [1, 3, 4, 'object'], optional: 'not there' },
  });
});

test('says when there is nothing at a path, or no task file', async () => {
  const folder = project({ 'package.json': '{}', 'empty/readme.md': '' });
  await expect(bundleTasks([join(folder, 'none')])).rejects.toMatchObject({
    code: 'SLUICE_TASKS_PATH_MISSING',
  });
  await expect(bundleTasks([join(folder, 'empty')])).rejects.toMatchObject({ code: 'SLUICE_TASKS_MISSING' });
});

test('takes what "sluice build" left, without building', async () => {
  const folder = project({ 'out/tasks.mjs': 'export const broken = ;', 'out/manifest.json': '{}' });
  const { module } = await bundleTasks([join(folder, 'out')]);
  expect(module).toBe(join(folder, 'out/tasks.mjs'));
});

test('leaves no process of esbuild behind', async () => {
  const folder = project({ 'package.json': '{}', 'a.ts': 'export const a = 1;' });
  await Promise.all([1, 2].map(() => bundleTasks([join(folder, 'a.ts')])));
  await vi.waitFor(() => expect(childrenOf(process.pid)).not.toContain('esbuild'), 10_000);
});

/** What an export of `tasks/a.ts` is in a process of its own, as in a runner. */
function inNode(module: string, exported: string): string {
  const print = `import(${JSON.stringify(pathToFileURL(module).href)}).then((m) => console.log(m['tasks/a.ts'].${exported}))`;
  return execFileSync(process.execPath, ['--enable-source-maps', '-e', print], { encoding: 'utf8' }).trim();
}

function childrenOf(pid: number): string {
  const all = execFileSync('ps', ['-A', '-o', 'ppid=,comm='], { encoding: 'utf8' });
  return all
    .split('\n')
    .filter((line) => line.trim().startsWith(`${pid} `))
    .join('\n');
}
