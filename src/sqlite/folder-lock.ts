import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError, messageOf } from '../core/errors.ts';
import { openConnection } from './binding.ts';

/** Lets go of the folder. */
export type Unlock = () => void;

/**
 * Makes this process the only one that uses `folder`, which is created if need be. The lock is one of the operating
 * system's, held through an open SQLite transaction, so it ends with the process however that ends.
 * @throws SluiceError `SLUICE_DATA_LOCKED`, `SLUICE_DATA_UNLOCKABLE` (a file system without locks) or
 *   `SLUICE_DATA_UNUSABLE`
 */
export function lockFolder(folder: string): Unlock {
  const holderFile = join(folder, 'lock.pid');
  try {
    mkdirSync(folder, { recursive: true });
    const connection = openConnection(join(folder, 'lock.db'), 0);
    connection.exec('PRAGMA journal_mode = DELETE');
    connection.exec('BEGIN EXCLUSIVE');
    writeFileSync(holderFile, String(process.pid));
    return () => connection.close();
  } catch (thrown) {
    throw explain(thrown, folder, holderFile);
  }
}

function explain(thrown: unknown, folder: string, holderFile: string): SluiceError {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : '';
  const options = { cause: thrown };
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    const holder = existsSync(holderFile) ? ` (process ${readFileSync(holderFile, 'utf8')})` : '';
    return new SluiceError('SLUICE_DATA_LOCKED', { path: folder, holder }, options);
  }
  if (/^SQLITE_(IOERR|PROTOCOL|NOLFS)/.test(code)) {
    return new SluiceError('SLUICE_DATA_UNLOCKABLE', { path: folder, reason: messageOf(thrown) }, options);
  }
  return new SluiceError('SLUICE_DATA_UNUSABLE', { path: folder, reason: messageOf(thrown) }, options);
}
