import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { project } from '../project.ts';
import { serving, sluice } from './cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('makes a project whose task runs', async () => {
  const folder = project({});
  const { code, stderr } = await sluice(['init', 'My Shop'], { cwd: folder });
  expect(code).toBe(0);
  expect(stderr).toContain('made tasks/hello.ts');
  const shop = join(folder, 'My Shop');
  expect(JSON.parse(readFileSync(join(shop, 'package.json'), 'utf8'))).toMatchObject({ name: 'my-shop' });
  install(shop);
  const { url } = await serving(['start'], { cwd: shop });
  const ran = await sluice(['enqueue', 'hello', '{"name":"Ada"}', '--wait', '30s', '--url', url]);
  expect([ran.code, JSON.parse(ran.stdout)]).toEqual([0, { greeting: 'Hello, Ada!' }]);
});

test('leaves files that exist as they are', async () => {
  const folder = project({ 'package.json': '{"name":"mine"}' });
  const { code, stdout } = await sluice(['init', '--json'], { cwd: folder });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ kept: ['package.json'] });
  expect(readFileSync(join(folder, 'package.json'), 'utf8')).toBe('{"name":"mine"}');
  expect(existsSync(join(folder, 'tasks/hello.ts'))).toBe(true);
});

test('says why it can not make a project', async () => {
  const { code, stderr } = await sluice(['init', 'taken'], { cwd: project({ taken: '' }) });
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/taken can not be made \(.*\(SLUICE_COMMAND_INVALID\)\n$/),
  ]);
});

/** What `npm install` would do, without a network. */
function install(folder: string): void {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/sluice'));
  symlinkSync(join(ROOT, 'node_modules/zod'), join(folder, 'node_modules/zod'));
}
