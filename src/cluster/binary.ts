import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SluiceError } from '../core/errors.ts';

/** A program of an engine, and the Debian package that brings it. */
export interface Binary {
  readonly name: string;
  readonly debianPackage: string;
  /** Looked into before the folders of PATH; Debian keeps some programs out of it. */
  readonly folders?: readonly string[];
}

/**
 * The path of a program.
 * @throws SluiceError `SLUICE_BINARY_MISSING`
 */
export function locate({ name, debianPackage, folders = [] }: Binary): string {
  const inPath = (process.env['PATH'] ?? '').split(delimiter);
  const found = [...folders, ...inPath, '/usr/sbin'].map((folder) => join(folder, name)).find(existsSync);
  if (found === undefined) throw new SluiceError('SLUICE_BINARY_MISSING', { name, debianPackage });
  return found;
}
