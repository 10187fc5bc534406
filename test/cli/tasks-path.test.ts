import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tasksPath } from '../../src/cli/configuration/tasks-path.ts';
import { project } from '../project.ts';
import { sluice } from './cli.ts';

test('tasks are in the folder tasks of a project, or where they are said to be', () => {
  const folder = project({
    'shop/package.json': '{}',
    'shop/tasks/tasks/a.ts': '',
    'shop/lone.ts': '',
    'empty/package.json': '{}',
    'loose/tasks/a.ts': '',
    'bare/a.ts': '',
  });
  const found = (path: string): string => tasksPath(join(folder, path)).slice(folder.length + 1);
  expect(found('shop')).toBe('shop/tasks');
  expect(found('shop/tasks')).toBe('shop/tasks');
  expect(found('shop/lone.ts')).toBe('shop/lone.ts');
  expect(found('empty')).toBe('empty/tasks');
  expect(found('loose')).toBe('loose/tasks');
  expect(found('bare')).toBe('bare');
});

test('what is no task is never run', async () => {
  const trap = "import { writeFileSync } from 'node:fs'; writeFileSync('sprung', '');";
  const folder = project({ 'package.json': '{"type":"module"}', 'main.ts': trap, 'src/main.js': trap });
  for (const args of [['dev'], ['start', '.'], ['build']]) {
    const { code, stderr } = await sluice(args, { cwd: folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`nothing at ${join(folder, 'tasks')}`)]);
  }
  expect(existsSync(join(folder, 'sprung'))).toBe(false);
  expect(existsSync(join(folder, 'build'))).toBe(false);
});
