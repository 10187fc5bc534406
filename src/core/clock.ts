/** The time. Everything that decides by it is given one. */
export interface Clock {
  /** Wall-clock time, in milliseconds since the Unix epoch. For timestamps and ids: it may be set back at any moment. */
  now(): number;
  /** Milliseconds since some fixed moment, never going back. For durations; means nothing in another process. */
  elapsed(): number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };
