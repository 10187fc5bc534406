import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/core/logger.ts';
import { openConnection } from '../../src/sqlite/binding.ts';
import { SqliteStore } from '../../src/sqlite/sqlite-store.ts';

const FIRST = 'CREATE TABLE release (name TEXT NOT NULL)';
const SECOND = `INSERT INTO release VALUES ('second')`;
const BROKEN = `INSERT INTO release VALUES ('third'); INSERT INTO nowhere VALUES (1)`;

/** A release whose module has these migrations. */
function release(...migrations: string[]): URL {
  const source = `export const operationModule = {
    name: 'releases', migrations: ${JSON.stringify(migrations)}, writes: () => ({ operations: {} }), reads: () => ({}),
  };`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

async function run(folder: string, module: URL): Promise<void> {
  const store = await SqliteStore.open({ folder, modules: [module], logger: silentLogger });
  await store.close();
}

function contents(folder: string): unknown[] {
  const connection = openConnection(join(folder, 'sluice.db'), 0);
  const rows = connection.prepare('SELECT name FROM release').all();
  const applied = connection.prepare('SELECT applied FROM migration').all();
  connection.close();
  return [rows.flat(), applied.flat()];
}

test('a folder of an older release is brought up to date, each step once; one of a newer release is left alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-migrate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await run(folder, release(FIRST));
  expect(contents(folder)).toEqual([[], [1]]);
  await run(folder, release(FIRST, SECOND));
  await run(folder, release(FIRST, SECOND));
  expect(contents(folder)).toEqual([['second'], [2]]);
  const unusable = { code: 'SLUICE_DATA_UNUSABLE' };
  await expect(run(folder, release(FIRST))).rejects.toMatchObject({
    ...unusable,
    message: expect.stringContaining('newer release (releases 2; this one knows 1)'),
  });
  await expect(run(folder, release(FIRST, SECOND, BROKEN))).rejects.toMatchObject(unusable);
  expect(contents(folder)).toEqual([['second'], [2]]);
  await run(folder, release(FIRST, SECOND));
});

test('says in the words of SQLite what is wrong with a file, or with a step', async () => {
  const folders = ['step', 'file'].map((what) => mkdtempSync(join(tmpdir(), `sluice-${what}-`)));
  onTestFinished(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));
  const [step = '', file = ''] = folders;
  await expect(run(step, release(BROKEN))).rejects.toThrow('no such table: release');
  writeFileSync(join(file, 'sluice.db'), 'this is no database, '.repeat(500));
  await expect(run(file, release(FIRST))).rejects.toThrow('SQLITE_NOTADB: file is not a database');
});
