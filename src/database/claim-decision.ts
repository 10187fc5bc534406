import type { Message } from '../core/message.ts';
import { type State, isTerminal } from '../core/state.ts';
import type { Park } from './database.ts';

const MAX_DOUBLINGS = 30;

/** What a claim looks at in the row of its task. */
export interface ClaimedRow {
  readonly id: string;
  readonly state: State;
  readonly run: number;
  readonly dueAt: number | undefined;
  /** It holds a slot of its concurrency key. */
  readonly slot: boolean;
}

/** What a claim has to know beside the message. */
export interface ClaimSituation {
  readonly row: ClaimedRow | undefined;
  /** The task has ended, and its row is gone. */
  readonly tombstone: boolean;
  /** The worker can not run the task: park until then. */
  readonly parkUntil: number | undefined;
  /** A message older than this, of which nothing is known, may be one that has run long ago. */
  readonly horizon: number;
  /** Asked only where the answer matters. */
  readonly slotIsFree: () => boolean;
}

export type ClaimDecision =
  | { readonly kind: 'run' | 'block' | 'expire' | 'drop' | 'quarantine' }
  /** Without `until` the row stays as it is. */
  | { readonly kind: 'park'; readonly until?: number };

/**
 * The verdict on a message, by DESIGN §4.2: a message for run n + 1 is good only while the row's run is n and the row
 * waits, or while there is no row and n is 0. A driver that decides in SQL has to come to the same.
 */
export function decideClaim(message: Message, now: number, situation: ClaimSituation): ClaimDecision {
  const { row } = situation;
  const refusal = row ? refuseWithRow(message, now, row) : refuseWithoutRow(message, situation);
  if (refusal) return refusal;
  if (message.deadlineAt !== undefined && message.deadlineAt < now) return { kind: 'expire' };
  const until = Math.max(situation.parkUntil ?? 0, notBefore(message, now, row));
  if (until > 0) return { kind: 'park', until };
  if (message.concurrencyKey !== undefined && !row?.slot && !situation.slotIsFree()) return { kind: 'block' };
  return { kind: 'run' };
}

function refuseWithRow(message: Message, now: number, row: ClaimedRow): ClaimDecision | undefined {
  if (row.id !== message.id || isTerminal(row.state)) return { kind: 'drop' };
  if (row.state === 'running' || row.run + 1 !== message.run) return { kind: 'drop' };
  if (row.state === 'blocked') return { kind: 'block' };
  const early = row.state === 'scheduled' && row.dueAt !== undefined && row.dueAt > now;
  return early ? { kind: 'park' } : undefined;
}

function refuseWithoutRow(
  message: Message,
  { tombstone, horizon }: ClaimSituation,
): ClaimDecision | undefined {
  if (tombstone) return { kind: 'drop' };
  return message.run !== 1 || message.publishedAt < horizon ? { kind: 'quarantine' } : undefined;
}

/** A delay that was asked for counts until the row exists, which then has a due time of its own. */
function notBefore({ dueAt }: Message, now: number, row: ClaimedRow | undefined): number {
  return !row && dueAt !== undefined && dueAt > now ? dueAt : 0;
}

/** How long a task is parked that has been `parked` so many times in a row before. */
export function parkMs({ forMs, atMostMs }: Park, parked: number): number {
  return Math.min(atMostMs, forMs * 2 ** Math.min(parked, MAX_DOUBLINGS));
}
