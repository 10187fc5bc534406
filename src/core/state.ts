/**
 * The states of a task and every way from one to another. The database drivers, the documentation and the property
 * tests are held to this table.
 */
export const STATES = [
  'queued',
  'scheduled',
  'blocked',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const;

export type State = (typeof STATES)[number];

export const TERMINAL_STATES = ['succeeded', 'failed', 'cancelled', 'expired'] as const;

export type TerminalState = (typeof TERMINAL_STATES)[number];

/** The version of a task that has been accepted and of which no database has heard yet. */
export const FIRST_VERSION = 1;

/** What moves a task, and between which states. Each move raises `version` by one. */
export const TRANSITIONS = {
  /** A claim permits a run; the only move that raises `run`. */
  claim: { from: ['queued', 'scheduled'], to: ['running'] },
  /** A claim finds that the task is not due, or that no worker here knows it. */
  park: { from: ['queued', 'scheduled'], to: ['scheduled'] },
  /** A claim finds its concurrency key taken. */
  block: { from: ['queued', 'scheduled'], to: ['blocked'] },
  /** A slot of the concurrency key came free. */
  release: { from: ['blocked'], to: ['scheduled'] },
  /** The message for the next run is confirmed by the queue. */
  publish: { from: ['scheduled'], to: ['queued'] },
  /** A message seems to be lost by the queue; it is published again. */
  reconcile: { from: ['queued'], to: ['scheduled'] },
  /** The run ended. */
  settle: { from: ['running'], to: ['succeeded', 'failed', 'cancelled', 'expired', 'scheduled'] },
  /** The lease ran out: its worker died or fell silent. */
  recover: { from: ['running'], to: ['scheduled', 'failed', 'cancelled', 'expired'] },
  /** Someone asked for it. A running task is cancelled by its settle or its recovery. */
  cancel: { from: ['queued', 'scheduled', 'blocked'], to: ['cancelled'] },
  /** A claim finds the deadline passed. */
  expire: { from: ['queued', 'scheduled', 'blocked'], to: ['expired'] },
  /** The message can not be used. */
  reject: { from: ['queued', 'scheduled'], to: ['failed'] },
} as const satisfies Record<string, { from: readonly State[]; to: readonly State[] }>;

export type Transition = keyof typeof TRANSITIONS;

const TERMINAL: ReadonlySet<State> = new Set(TERMINAL_STATES);

export function isTerminal(state: State): state is TerminalState {
  return TERMINAL.has(state);
}

/** True when some transition leads from `from` to `to`. */
export function canMove(from: State, to: State): boolean {
  return Object.values(TRANSITIONS).some(
    (transition) =>
      (transition.from as readonly State[]).includes(from) &&
      (transition.to as readonly State[]).includes(to),
  );
}
