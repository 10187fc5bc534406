import { setTimeout as pause } from 'node:timers/promises';
import { STOP_MS } from './member-process.ts';
import { type MemberRecord, removeRecords, runningRecords } from './member-records.ts';
import { isRunning } from './process-identity.ts';

const LOOK_EVERY_MS = 100;

/** Names of the members in `folder` that run; where no cluster runs there, nobody looks after them. */
export function leftovers(folder: string): string[] {
  return namesOf(runningRecords(folder));
}

/**
 * Ends what a cluster in `folder` whose own process was killed has left running: properly, the last tier first, and by
 * force what does not heed. Resolves with its names.
 */
export async function endLeftovers(folder: string): Promise<string[]> {
  const tiers = runningRecords(folder);
  for (const tier of tiers.toReversed()) await Promise.all(tier.map(end));
  removeRecords(folder);
  return namesOf(tiers);
}

async function end(record: MemberRecord): Promise<void> {
  const { stopSignal, stopAgainMs = Infinity } = record;
  const begun = performance.now();
  let askedAt = begun;
  // A process that was paused takes no signal but these.
  send(record, 'SIGCONT');
  send(record, stopSignal);
  while (isRunning(record)) {
    await pause(LOOK_EVERY_MS);
    const now = performance.now();
    if (now - begun > STOP_MS) send(record, 'SIGKILL');
    else if (now - askedAt > stopAgainMs) {
      send(record, stopSignal);
      askedAt = now;
    }
  }
}

/** Its number may be another's by now. */
function send(record: MemberRecord, signal: NodeJS.Signals): void {
  try {
    if (isRunning(record)) process.kill(record.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function namesOf(tiers: readonly (readonly MemberRecord[])[]): string[] {
  return tiers.flat().map(({ name }) => name);
}
