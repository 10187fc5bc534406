/** Bounds on what one request or one run may take. */
export interface Limits {
  readonly maxBodyBytes: number;
  readonly maxJsonDepth: number;
  readonly maxResultBytes: number;
  /** Publishes under way at a time in one gateway; more are refused. */
  readonly maxAcceptsInFlight: number;
  /** Longest time a request may be held by `Prefer: wait`. */
  readonly maxWaitMs: number;
  /** Open waits at a time in one gateway; more are answered at once. */
  readonly maxWaits: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Resident memory of one runner. One that takes more is killed. */
  readonly maxRunnerBytes: number;
  /** How often a runner may die under a task. */
  readonly crashLimit: number;
  /** How often the whole worker may: the embedded server, that is. */
  readonly interruptionLimit: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxBodyBytes: 256 * 1024,
  maxJsonDepth: 64,
  maxResultBytes: 1024 * 1024,
  maxAcceptsInFlight: 20_000,
  maxWaitMs: 60_000,
  maxWaits: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  maxRunnerBytes: 1024 * 1024 * 1024,
  crashLimit: 3,
  interruptionLimit: 10,
};
