import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../core/errors.ts';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

/** The process that runs a cluster, and where it listens for commands. */
export interface ControlAddress extends ProcessIdentity {
  readonly port: number;
}

/** Says in `folder` that its cluster is run by that process. @throws SluiceError `SLUICE_CLUSTER_RUNNING` */
export function claimControl(folder: string, address: ControlAddress): void {
  // One who was killed left it there.
  if (!runningControl(folder)) releaseControl(folder);
  try {
    writeFileSync(fileIn(folder), JSON.stringify(address), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    throw new SluiceError('SLUICE_CLUSTER_RUNNING', { folder }, { cause: error });
  }
}

export function releaseControl(folder: string): void {
  rmSync(fileIn(folder), { force: true });
}

/** The process that runs the cluster in `folder`; undefined where none does. */
export function runningControl(folder: string): ControlAddress | undefined {
  try {
    const address = JSON.parse(readFileSync(fileIn(folder), 'utf8')) as ControlAddress;
    return isRunning(address) ? address : undefined;
  } catch {
    return undefined;
  }
}

function fileIn(folder: string): string {
  return join(folder, 'control.json');
}
