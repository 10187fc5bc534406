import { setTimeout } from 'node:timers/promises';
import { SluiceError } from '../../core/errors.ts';
import { isTerminal } from '../../core/state.ts';
import type { HttpClient, Reply } from './http-client.ts';
import { asTask, getTask, taskPath, type TaskResource } from './task-resource.ts';

/** What one request may wait; more is asked again. */
const MAX_HOLD_S = 20;
/** Progress makes no version, so whoever wants to see it has to look. */
const LOOK_EVERY_S = 2;
const PAUSE_MS = 500;

/** How long to follow a task. */
export interface Patience {
  readonly ms: number;
  /** As it was asked for. */
  readonly waited: string;
}

export interface AwaitOptions {
  /** Told of each version that is seen, the last included, and of the progress made in between. */
  readonly onChange?: (task: TaskResource) => void;
  readonly patience?: Patience;
}

function hasEnded({ status }: TaskResource): boolean {
  return status !== 'accepted' && isTerminal(status);
}

/** The task; 304 where it has been of the version `etag` for as long as the server may hold the request. */
async function poll(
  client: Pick<HttpClient, 'call'>,
  id: string,
  etag: string | undefined,
  holdS: number,
): Promise<Reply> {
  const headers = etag === undefined ? {} : { prefer: `wait=${holdS}`, 'if-none-match': etag };
  return client.call(taskPath(id), { headers, alsoFine: [304] });
}

/** Returns the task as it was told last. A version that has come meanwhile is left to the next poll. */
async function tellProgress(
  client: Pick<HttpClient, 'call'>,
  told: TaskResource,
  onChange: (task: TaskResource) => void,
): Promise<TaskResource> {
  const seen = await getTask(client, told.id);
  const progressed = JSON.stringify(seen.progress) !== JSON.stringify(told.progress);
  if (seen.version !== told.version || !progressed) return told;
  onChange(seen);
  return seen;
}

/**
 * Follows a task to its end by long polls.
 * @throws SluiceError `SLUICE_WAIT_TIMEOUT`
 */
export async function awaitEnd(
  client: Pick<HttpClient, 'call'>,
  id: string,
  { onChange, patience }: AwaitOptions = {},
): Promise<TaskResource> {
  const begun = performance.now();
  const longest = onChange ? LOOK_EVERY_S : MAX_HOLD_S;
  let etag: string | undefined;
  let told: TaskResource | undefined;
  for (;;) {
    const asked = performance.now();
    const hold = holdFor(id, longest, patience, asked - begun);
    const reply = await poll(client, id, etag, hold);
    if (reply.status === 304) {
      // A server that has too many requests on hold answers at once.
      if (performance.now() - asked < PAUSE_MS) await setTimeout(PAUSE_MS);
      if (onChange && told) told = await tellProgress(client, told, onChange);
      continue;
    }
    const task = asTask(reply);
    told = task;
    onChange?.(task);
    if (hasEnded(task)) return task;
    etag = reply.headers.get('etag') ?? undefined;
    if (etag === undefined) await setTimeout(PAUSE_MS);
  }
}

/** How many seconds the next request may wait. */
function holdFor(id: string, longest: number, patience: Patience | undefined, passedMs: number): number {
  if (!patience) return longest;
  const left = (patience.ms - passedMs) / 1000;
  if (left <= 0) throw new SluiceError('SLUICE_WAIT_TIMEOUT', { taskId: id, waited: patience.waited });
  return Math.max(1, Math.ceil(Math.min(left, longest)));
}
