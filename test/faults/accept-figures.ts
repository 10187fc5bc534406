import type { Accept } from './open-load.ts';

/** What became of the accepts of a span of time. Latencies are milliseconds. */
export interface AcceptFigures {
  readonly accepts: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** A span of the load, in seconds since its beginning. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export function within(accepts: readonly Accept[], { from, to }: Span): Accept[] {
  return accepts.filter(({ at }) => at >= from * 1000 && at < to * 1000);
}

export function figuresOf(accepts: readonly Accept[]): AcceptFigures {
  const latencies = accepts.map(({ ms }) => ms).toSorted((one, other) => one - other);
  return {
    accepts: accepts.length,
    failed: accepts.filter(({ status }) => status !== 202).length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    p999: quantile(latencies, 0.999),
    max: quantile(latencies, 1),
  };
}

/** @param sorted in rising order, and not empty */
export function quantile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  if (value === undefined) throw new Error('there is nothing to take a quantile of');
  return Math.round(value * 10) / 10;
}
