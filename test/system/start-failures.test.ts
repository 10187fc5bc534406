import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { lockFolder } from '../../src/sqlite/folder-lock.ts';
import { runToEnd, temporaryFolder } from './server.ts';

const START = fileURLToPath(new URL('./start-failures.mjs', import.meta.url));
const TASKS = fileURLToPath(new URL('./tasks.ts', import.meta.url));

const BAD_FILES = {
  'none.ts': 'export const nothing = 1;',
  'syntax.ts': 'export const = 1;',
  'throws.ts': `throw new Error('no database URL'); export {};`,
  'exits.ts': 'process.exit(3); export {};',
  'twice.ts': `import { task } from 'sluice'; export const a = task('a', { input: {}, run: () => 1 }); export const b = task('a', { input: {}, run: () => 2 });`,
};

test('what can not start leaves nothing running and the folder free; what is closed, neither', async () => {
  const folder = temporaryFolder();
  const files = join(folder, 'files');
  mkdirSync(files);
  for (const [name, content] of Object.entries(BAD_FILES)) writeFileSync(join(files, name), content);
  const data = join(folder, 'data');
  const used = join(folder, 'used');
  const unlock = lockFolder(used);
  const bad = (name: string): object => ({ data, tasks: join(files, name) });
  const attempts = [
    bad('none.ts'),
    bad('syntax.ts'),
    bad('throws.ts'),
    { ...bad('throws.ts'), watch: true },
    bad('exits.ts'),
    bad('twice.ts'),
    bad('nowhere'),
    { data, tasks: TASKS, secrets: ['short'] },
    { data, tasks: TASKS, grace: 'long' },
    { data, tasks: TASKS, concurrency: 0 },
    { data, tasks: TASKS, runners: 0 },
    { data, tasks: TASKS, limits: { crashLimit: 0 } },
    { data, tasks: TASKS, retention: { rowsMs: -1 } },
    { data, tasks: TASKS, basePath: 'jobs' },
    { data, tasks: TASKS, basePath: '/jobs/' },
    { data: used, tasks: TASKS },
    { data, tasks: TASKS },
    { data, tasks: TASKS, watch: true },
  ];
  const { code, said } = await runToEnd({
    data,
    command: [
      process.execPath,
      START,
      JSON.stringify(attempts.map((options) => ({ runners: 1, ...options }))),
    ],
  });
  unlock();
  expect(JSON.parse(said)).toEqual([
    'SLUICE_TASKS_MISSING',
    'SLUICE_TASKS_BUILD_FAILED',
    'SLUICE_TASKS_LOAD_FAILED',
    'SLUICE_TASKS_LOAD_FAILED',
    'SLUICE_TASKS_LOAD_FAILED',
    'SLUICE_DEFINITION_DUPLICATE',
    'SLUICE_TASKS_PATH_MISSING',
    'SLUICE_SECRET_INVALID',
    ...Array<string>(7).fill('SLUICE_OPTION_INVALID'),
    'SLUICE_DATA_LOCKED',
    'started',
    'started',
  ]);
  expect(code).toBe(0);
  lockFolder(data)();
  expect(readdirSync(data)).not.toContain('sluice.db-wal');
});
