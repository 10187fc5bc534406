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
