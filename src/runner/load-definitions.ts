import { pathToFileURL } from 'node:url';
import type { ErrorCode } from '../core/errors.ts';
import { SluiceError } from '../core/errors.ts';
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
    return { refusal: refusalOf(thrown) };
  }
}

function refusalOf(thrown: unknown): { code: ErrorCode; data: Record<string, unknown> } {
  if (SluiceError.is(thrown)) return { code: thrown.code, data: { ...thrown.data } };
  const { message, stack } = taskErrorOf(thrown);
  const reason = thrown instanceof Error ? (stack ?? thrown.message) : message;
  return { code: 'SLUICE_TASKS_LOAD_FAILED', data: { reason } };
}
