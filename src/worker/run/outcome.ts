import type { AbortCause } from '../../core/context.ts';
import { SluiceError } from '../../core/errors.ts';
import { decodeMessage } from '../../core/message.ts';
import type { Random } from '../../core/random.ts';
import { backoff } from '../../core/retry-policy.ts';
import type { RunOutcome } from '../../core/run-protocol.ts';
import type { TaskError } from '../../core/task-record.ts';
import type { Outcome } from '../../database/database.ts';
import type { Run } from './run.ts';
import type { Death } from '../runners/runner-process.ts';

type Threw = Extract<RunOutcome, { kind: 'threw' }>;

/** What to record of a handler that came to its end. */
export function outcomeOf(run: Run, end: RunOutcome, random: Random): Outcome {
  if (end.kind === 'threw') return refused(run, end, random);
  const { result, followUps } = end;
  return { kind: 'succeeded', result, followUps: followUps.filter(isMessage) };
}

/** What to record of a run that was aborted; undefined for one that is no longer this worker's. */
export function outcomeOfAbort(run: Run, cause: AbortCause, random: Random): Outcome | undefined {
  switch (cause) {
    case 'timeout':
      return refused(run, { kind: 'threw', error: timeoutOf(run), retry: 'policy' }, random);
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'shutdown':
      return { kind: 'returned' };
    case 'lost':
      return undefined;
  }
}

/** What to record of a run whose runner died under it. */
export function outcomeOfDeath(run: Run, { reason, stack }: Death, crashLimit: number): Outcome {
  const times = run.crashes + 1;
  const { code, message } = new SluiceError('SLUICE_TASK_CRASHED', { times, reason });
  return { kind: 'crashed', error: { code, message, stack }, crashLimit };
}

function refused(run: Run, { error, retry }: Threw, random: Random): Outcome {
  const { retries, backoffBaseMs: baseMs, backoffCapMs: capMs } = run.task;
  const attempts = run.attempts + 1;
  // An input that does not fit never reached the handler.
  const charged = error.code !== 'SLUICE_INPUT_INVALID';
  if (retry === 'never' || attempts > retries) return { kind: 'failed', error, charged };
  const afterMs = retry === 'policy' ? backoff({ retries, baseMs, capMs }, attempts, random) : retry;
  return { kind: 'retry', error, afterMs };
}

function timeoutOf({ task: { timeoutMs } }: Run): TaskError {
  const { code, message } = new SluiceError('SLUICE_TASK_TIMEOUT', { timeoutMs });
  return { code, message };
}

/** A runner is a process that user code shares: what it hands on must not be able to stop those that publish it. */
function isMessage(body: string): boolean {
  try {
    decodeMessage(body);
    return true;
  } catch {
    return false;
  }
}
