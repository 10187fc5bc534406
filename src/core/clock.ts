/** Source of wall-clock time, in milliseconds since the Unix epoch. Everything that decides by time takes one. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
