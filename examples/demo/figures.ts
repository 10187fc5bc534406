import type { Effects } from './effects.ts';
import type { Ended } from './ends.ts';

/** What the demo found out. Times are milliseconds. */
export interface Figures {
  readonly accepted: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly lost: number;
  readonly runTwice: number;
  readonly acceptP50Ms: number;
  readonly acceptP99Ms: number;
  readonly processP50Ms: number;
}

export interface Observed {
  /** How long each accepted task took to be accepted. */
  readonly accepted: readonly number[];
  readonly ends: readonly Ended[];
  readonly effects: Pick<Effects, 'isDone' | 'runTwice'>;
}

/** A task that is said to have succeeded, and of which no handler has said that it is done, is lost as well. */
export function figuresOf({ accepted, ends, effects }: Observed): Figures {
  const succeeded = ends.filter(({ id, state }) => state === 'succeeded' && effects.isDone(id));
  const failed = ends.filter(({ state }) => !['succeeded', 'lost'].includes(state));
  const times = succeeded.map(({ ms }) => ms);
  return {
    accepted: accepted.length,
    succeeded: succeeded.length,
    failed: failed.length,
    lost: accepted.length - succeeded.length - failed.length,
    runTwice: effects.runTwice,
    acceptP50Ms: percentile(accepted, 0.5),
    acceptP99Ms: percentile(accepted, 0.99),
    processP50Ms: percentile(times, 0.5),
  };
}

/** The smallest of `values` that at least `share` of them do not exceed; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return Math.round(value * 10) / 10;
}

export function table(figures: Figures): string {
  const rows: [string, string][] = [
    ['accepted', `${figures.accepted}`],
    ['succeeded', `${figures.succeeded}`],
    ['failed', `${figures.failed}`],
    ['lost', `${figures.lost}`],
    ['run twice', `${figures.runTwice}`],
    ['accept p50', `${figures.acceptP50Ms} ms`],
    ['accept p99', `${figures.acceptP99Ms} ms`],
    ['processing p50', `${figures.processP50Ms} ms`],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(16)}${value.padStart(10)}`).join('\n');
}
