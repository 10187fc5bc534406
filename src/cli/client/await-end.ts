import { setTimeout } from 'node:timers/promises';
import { SluiceError } from '../../core/errors.ts';
import { isTerminal } from '../../core/state.ts';
import type { HttpClient } from './http-client.ts';
import { asTask, taskPath, type TaskResource } from './task-resource.ts';

/** What one request may wait; more is asked again. */
const MAX_HOLD_S = 20;
const PAUSE_MS = 500;

/** How long to follow a task. */
export interface Patience {
  readonly ms: number;
  /** As it was asked for. */
  readonly waited: string;
}

export interface AwaitOptions {
  /** Told of each version that is seen, the last included. */
  readonly onVersion?: (task: TaskResource) => void;
  readonly patience?: Patience;
}

function hasEnded({ status }: TaskResource): boolean {
  return status !== 'accepted' && isTerminal(status);
}

/**
 * Follows a task to its end by long polls.
 * @throws SluiceError `SLUICE_WAIT_TIMEOUT`
 */
export async function awaitEnd(
  client: Pick<HttpClient, 'call'>,
  id: string,
  { onVersion, patience }: AwaitOptions = {},
): Promise<TaskResource> {
  const begun = performance.now();
  let etag: string | undefined;
  for (;;) {
    const asked = performance.now();
    const hold = holdFor(id, patience, asked - begun);
    const reply = await client.call(taskPath(id), {
      headers: etag === undefined ? {} : { prefer: `wait=${hold}`, 'if-none-match': etag },
      alsoFine: [304],
    });
    if (reply.status === 304) {
      // A server that has too many requests on hold answers at once.
      if (performance.now() - asked < PAUSE_MS) await setTimeout(PAUSE_MS);
      continue;
    }
    const task = asTask(reply);
    onVersion?.(task);
    if (hasEnded(task)) return task;
    etag = reply.headers.get('etag') ?? undefined;
    if (etag === undefined) await setTimeout(PAUSE_MS);
  }
}

/** How many seconds the next request may wait. */
function holdFor(id: string, patience: Patience | undefined, passedMs: number): number {
  if (!patience) return MAX_HOLD_S;
  const left = (patience.ms - passedMs) / 1000;
  if (left <= 0) throw new SluiceError('SLUICE_WAIT_TIMEOUT', { taskId: id, waited: patience.waited });
  return Math.max(1, Math.ceil(Math.min(left, MAX_HOLD_S)));
}
