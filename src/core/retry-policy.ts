import type { Random } from './random.ts';

/** How long a task waits before each further attempt: exponential, with full jitter. */
export interface RetryPolicy {
  /** Further attempts after the first. */
  readonly retries: number;
  /** Upper bound of the first wait, in milliseconds; each further bound doubles. */
  readonly baseMs: number;
  /** Bound that the doubling stops at, in milliseconds. */
  readonly capMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = { retries: 3, baseMs: 1000, capMs: 3_600_000 };

/** Past every cap; further on the product would stop being a number. */
const MAX_DOUBLINGS = 52;

/**
 * Milliseconds to wait after `attempts` refused attempts, drawn evenly from zero to the bound.
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export function backoff(policy: RetryPolicy, attempts: number, random: Random): number {
  const bound = Math.min(
    policy.capMs,
    policy.baseMs * 2 ** Math.min(Math.max(0, attempts - 1), MAX_DOUBLINGS),
  );
  return Math.round(bound * random.fraction());
}
