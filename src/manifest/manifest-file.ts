import { readFile, writeFile } from 'node:fs/promises';
import { SluiceError, messageOf } from '../core/errors.ts';
import type { Manifest } from './manifest.ts';

/** Writes the manifest for gateways that run without the tasks. */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  await writeFile(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** @throws SluiceError `SLUICE_MANIFEST_INVALID` when there is no manifest at `path` that this release can read */
export async function readManifest(path: string): Promise<Manifest> {
  try {
    return checkManifest(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new SluiceError('SLUICE_MANIFEST_INVALID', { path, reason: messageOf(error) }, { cause: error });
  }
}

/** @throws Error saying what of a manifest `value` lacks */
function checkManifest(value: unknown): Manifest {
  if (!isObject(value)) throw new Error('it is no object');
  const { format, hash, tasks } = value;
  if (format !== 1) throw new Error(`its format is ${String(format)}, this release reads 1`);
  if (typeof hash !== 'string' || !Array.isArray(tasks)) throw new Error('it has no hash or no tasks');
  for (const task of tasks as unknown[]) {
    const complete =
      isObject(task) &&
      ['name', 'queue', 'priority'].every((field) => typeof task[field] === 'string') &&
      ['retries', 'backoffBaseMs', 'backoffCapMs', 'timeoutMs'].every((field) =>
        Number.isFinite(task[field]),
      ) &&
      isObject(task['input']);
    if (!complete) throw new Error('one of its tasks is incomplete');
  }
  return value as unknown as Manifest;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
