import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { folderSecret } from '../../src/sqlite/secret-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

test('the secret is made once, long, and for its owner alone', () => {
  const secret = folderSecret(folder);
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['secret']);
  chmodSync(join(folder, 'secret'), 0o644);
  expect(folderSecret(folder)).toBe(secret);
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
});

test('what a crash left half written is not used', () => {
  writeFileSync(join(folder, 'secret.new'), 'half', { mode: 0o644 });
  const secret = folderSecret(folder);
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe(secret);
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
});
