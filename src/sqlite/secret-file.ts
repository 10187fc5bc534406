import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

/**
 * The secret of the data folder, made on its first use and readable by its owner only. It appears whole or not at all:
 * ids signed with a secret that is lost later could never be verified again. Call it with the folder locked.
 */
export function folderSecret(folder: string): string {
  const path = join(folder, 'secret');
  if (!existsSync(path)) {
    const partial = `${path}.new`;
    const file = openSync(partial, 'w', OWNER_ONLY);
    writeSync(file, randomBytes(SECRET_BYTES).toString('hex'));
    fsyncSync(file);
    closeSync(file);
    renameSync(partial, path);
    syncFolder(folder);
  }
  chmodSync(path, OWNER_ONLY);
  return readFileSync(path, 'utf8').trim();
}

function syncFolder(folder: string): void {
  const directory = openSync(folder, 'r');
  fsyncSync(directory);
  closeSync(directory);
}
