import { setTimeout as pause } from 'node:timers/promises';
import { ControlClient } from '../../cluster/control-client.ts';
import { runningControl } from '../../cluster/control-file.ts';
import { endLeftovers } from '../../cluster/leftovers.ts';
import { isRunning } from '../../cluster/process-identity.ts';
import { SluiceError } from '../../core/errors.ts';

const LOOK_EVERY_MS = 100;

/**
 * Ends the cluster in `folder`, or what one that was killed has left of itself. Resolves when none of its processes runs
 * any more, with the names of the members that did.
 * @throws SluiceError `SLUICE_CLUSTER_ABSENT` where there is nothing to end, `SLUICE_CLUSTER_SILENT`
 */
export async function endCluster(folder: string): Promise<string[]> {
  const running = runningControl(folder);
  if (!running) return endAbandoned(folder);
  const members = await new ControlClient(folder).down();
  while (isRunning(running)) await pause(LOOK_EVERY_MS);
  // Should somebody have killed it meanwhile.
  await endLeftovers(folder);
  return members.filter(({ pid }) => pid !== undefined).map(({ name }) => name);
}

async function endAbandoned(folder: string): Promise<string[]> {
  const ended = await endLeftovers(folder);
  if (ended.length === 0) throw new SluiceError('SLUICE_CLUSTER_ABSENT', { folder });
  return ended;
}
