import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { project } from '../project.ts';
import { serving, sluice } from './cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { version: VERSION, devDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as {
  version: string;
  devDependencies: { zod: string };
};
const ZOD = devDependencies.zod;

test('makes a project whose task runs', async () => {
  const folder = project({});
  const { code, stderr } = await sluice(['init', 'My Shop'], { cwd: folder });
  expect(code).toBe(0);
  expect(stderr).toContain('made tasks/hello.ts');
  const shop = join(folder, 'My Shop');
  expect(stderr).toContain("cd 'My Shop' && npm install && npm run dev\n");
  expect(JSON.parse(readFileSync(join(shop, 'package.json'), 'utf8'))).toMatchObject({
    name: 'my-shop',
    dependencies: { sluice: `file:${relative(shop, ROOT)}`, zod: ZOD },
  });
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

test('asks for its packages where a package.json lacks them', async () => {
  const folder = project({ 'package.json': `{"dependencies":{"zod":"4.0.0"}}` });
  const { stderr } = await sluice(['init'], { cwd: folder });
  expect(stderr).toContain(`\nNext: npm install ${relative(folder, ROOT)} && npx sluice dev\n`);
});

test('names its own version where it was installed, as from a registry', async () => {
  const folder = project({});
  const installed = join(folder, 'node_modules/sluice');
  for (const part of ['package.json', 'bin', 'dist']) {
    cpSync(join(ROOT, part), join(installed, part), { recursive: true });
  }
  for (const name of ['citty', 'fastify', 'pino']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  execFileSync(process.execPath, [join(installed, 'bin/sluice.js'), 'init', 'shop'], {
    cwd: folder,
    stdio: 'ignore',
  });
  expect(JSON.parse(readFileSync(join(folder, 'shop/package.json'), 'utf8'))).toMatchObject({
    dependencies: { sluice: VERSION, zod: ZOD },
  });
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
