/** How long whoever took a due task has to publish it, before another does. */
export const PUBLISH_LEASE_MS = 30_000;
/** How long whoever took follow-ups has to publish them, before another does. */
export const FOLLOW_UP_LEASE_MS = 30_000;

/** The first time that a reconciled task is left alone; each further one doubles. */
export const RECONCILE_INTERVAL_MS = 60_000;
export const MAX_DOUBLINGS = 12;

/** Rows looked at for one page at most, so that a filter that fits little costs no more than one that fits much. */
export const MAX_SCANNED = 5000;
export const CHUNK = 500;
/** Above this a count says only that there are many: it is asked for at each scrape, by every process. */
export const MAX_COUNTED = 10_000;
