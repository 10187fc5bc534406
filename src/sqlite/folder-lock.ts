import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError, messageOf } from '../core/errors.ts';
import { openConnection } from './binding.ts';

const BUSY = /^SQLITE_(BUSY|LOCKED)/;

/** Lets go of the folder. */
export type Unlock = () => void;

/**
 * Makes this process the only one that uses `folder`, which is created if need be. The lock is one of the operating
 * system's, held through an open SQLite transaction, so it ends with the process however that ends.
 * @throws SluiceError `SLUICE_DATA_LOCKED`, `SLUICE_DATA_UNLOCKABLE` (a file system without locks) or
 *   `SLUICE_DATA_UNUSABLE`
 */
export function lockFolder(folder: string): Unlock {
  try {
    mkdirSync(folder, { recursive: true });
    const unlock = lockFile(join(folder, 'lock.db'));
    try {
      writeFileSync(holderFile(folder), String(process.pid));
    } catch (thrown) {
      unlock();
      throw thrown;
    }
    return unlock;
  } catch (thrown) {
    throw explain(thrown, folder);
  }
}

function lockFile(file: string): Unlock {
  const connection = openConnection(file, 0);
  try {
    connection.exec('PRAGMA journal_mode = DELETE');
    connection.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
  return () => connection.close();
}

function holderFile(folder: string): string {
  return join(folder, 'lock.pid');
}

function explain(thrown: unknown, folder: string): SluiceError {
  const code = codeOf(thrown);
  const options = { cause: thrown };
  if (BUSY.test(code) && canLock(folder)) {
    const file = holderFile(folder);
    const holder = existsSync(file) ? ` (process ${readFileSync(file, 'utf8')})` : '';
    return new SluiceError('SLUICE_DATA_LOCKED', { path: folder, holder }, options);
  }
  if (BUSY.test(code) || /^SQLITE_(IOERR|PROTOCOL|NOLFS)/.test(code)) {
    return new SluiceError('SLUICE_DATA_UNLOCKABLE', { path: folder, reason: messageOf(thrown) }, options);
  }
  return new SluiceError('SLUICE_DATA_UNUSABLE', { path: folder, reason: messageOf(thrown) }, options);
}

/** SQLite reports a file system without locks as a lock that another holds. Nobody else can hold that of a new file. */
function canLock(folder: string): boolean {
  const file = join(folder, `lock.probe-${randomUUID()}`);
  try {
    lockFile(file)();
    return true;
  } catch (thrown) {
    return !BUSY.test(codeOf(thrown));
  } finally {
    rmSync(file, { force: true });
  }
}

function codeOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : '';
}
