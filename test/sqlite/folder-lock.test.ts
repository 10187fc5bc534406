import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { lockFolder } from '../../src/sqlite/folder-lock.ts';
import { NO_STRACE, Tracer } from '../system/strace.ts';

const NO_LOCKS = ['-e', 'trace=fcntl', '-e', 'inject=fcntl:error=ENOLCK'];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

function locked(path = folder): unknown {
  try {
    lockFolder(path)();
    return 'free';
  } catch (thrown) {
    return thrown;
  }
}

test('a folder has one holder at a time, within one process too', () => {
  const unlock = lockFolder(join(folder, 'made', 'for', 'it'));
  expect(locked(join(folder, 'made', 'for', 'it'))).toMatchObject({
    code: 'SLUICE_DATA_LOCKED',
    message: expect.stringContaining(`(process ${process.pid})`),
  });
  unlock();
  expect(locked(join(folder, 'made', 'for', 'it'))).toBe('free');
  expect(readdirSync(join(folder, 'made', 'for', 'it')).toSorted()).toEqual(['lock.db', 'lock.pid']);
});

test('a path that is no folder can not be used', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(locked(join(folder, 'file'))).toMatchObject({ code: 'SLUICE_DATA_UNUSABLE' });
});

test.skipIf(NO_STRACE)('a file system without locks is told from a folder in use', async () => {
  const tracer = await Tracer.attach(process.pid, NO_LOCKS);
  const refusal = locked();
  const lines = await tracer.detach();
  expect(refusal).toMatchObject({ code: 'SLUICE_DATA_UNLOCKABLE' });
  expect(lines.some((line) => line.includes('F_SETLK') && line.includes('(INJECTED)'))).toBe(true);
  expect(locked()).toBe('free');
});
