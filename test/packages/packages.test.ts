import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const FILE = 'test/redis/gateway.test.ts';
const NAME = 'a gateway > works with no Redis at all';

it('names the tests that do not run for lack of a package, and what brings it', () => {
  const { status, output } = runWithoutPackages({});
  expect(output).toContain('apt-get install haproxy openssl postgresql');
  expect(output).toContain(`Not run:\n  ${FILE} > ${NAME}`);
  expect(status).toBe(0);
});

it('fails for lack of a package in continuous integration', () => {
  const { status, output } = runWithoutPackages({ CI: 'true' });
  expect(output).toContain(
    'The program redis-server is not installed. On Debian: apt-get install redis-server.',
  );
  expect(output).toContain(`Not run:\n  ${FILE} > ${NAME}`);
  expect(status).toBe(1);
});

/** Runs a test of Redis where there are a shell and Node.js, and nothing else. */
function runWithoutPackages(env: Readonly<Record<string, string>>): {
  status: number | null;
  output: string;
} {
  const bin = mkdtempSync(join(tmpdir(), 'sluice-bin-'));
  onTestFinished(() => rmSync(bin, { recursive: true }));
  symlinkSync(process.execPath, join(bin, 'node'));
  symlinkSync('/bin/sh', join(bin, 'sh'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [VITEST, 'run', FILE], {
    cwd: ROOT,
    env: { PATH: bin, NO_COLOR: '1', ...env },
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}
