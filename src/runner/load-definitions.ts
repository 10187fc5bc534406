import { pathToFileURL } from 'node:url';
import type { ErrorCode } from '../core/errors.ts';
import { SluiceError } from '../core/errors.ts';
import { type MissingImport, packageMissing } from '../core/missing-package.ts';
import type { AnyDefinition } from '../core/task.ts';
import { buildManifest } from '../manifest/build-manifest.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { collectDefinitions } from './collect-definitions.ts';
import { taskErrorOf } from './thrown.ts';

export type Loaded =
  | { readonly definitions: ReadonlyMap<string, AnyDefinition>; readonly manifest: Manifest }
  | { readonly refusal: { readonly code: ErrorCode; readonly data: Record<string, unknown> } };

/** Imports the module at the absolute path and reads the definitions that it exports. Never rejects. */
export async function loadDefinitions(path: string): Promise<Loaded> {
  try {
    const exports = (await import(pathToFileURL(path).href)) as object;
    const definitions = collectDefinitions(exports, path);
    return { definitions, manifest: buildManifest([...definitions.values()]) };
  } catch (thrown) {
    return { refusal: refusalOf(thrown, path) };
  }
}

function refusalOf(thrown: unknown, path: string): { code: ErrorCode; data: Record<string, unknown> } {
  if (SluiceError.is(thrown)) return { code: thrown.code, data: { ...thrown.data } };
  const error = taskErrorOf(thrown);
  const reason = thrown instanceof Error ? (error.stack ?? thrown.message) : error.message;
  const missing = missingIn(error.message, reason);
  if (missing) return refusalOf(packageMissing([missing]), path);
  // Where the module lies says nothing to whoever wrote what it was built from.
  return { code: 'SLUICE_TASKS_LOAD_FAILED', data: { reason: reason.replace(` imported from ${path}`, '') } };
}

/** The package that an error of Node.js says is not installed. */
function missingIn(message: string, stack: string): MissingImport | undefined {
  const [, imported, from] = /Cannot find package '([^']+)' imported from (\S.*)$/m.exec(message) ?? [];
  const [, required] = /Cannot find module '([\w@][^']*)'\nRequire stack:/.exec(message) ?? [];
  const [, line] = /^ +at (?:.* \()?([^()]+?:\d+):\d+\)?$/m.exec(stack) ?? [];
  const specifier = imported ?? required;
  return specifier === undefined ? undefined : { specifier, importer: from ?? line ?? 'a task file' };
}
