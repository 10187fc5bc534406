/** Once may be chance, whatever ran: the power, an operator. */
const IN_COMPANY = 1;
const FIRST_PAUSE_MS = 5000;
const MAX_PAUSE_MS = 3_600_000;
const MAX_DOUBLINGS = 20;

/**
 * True where the next run of a task has to be the only one in its runner, and the only one of its kind in its worker, so
 * that no other is taken for the cause of what happens meanwhile.
 */
export function runsAlone({
  crashes,
  interruptions,
}: {
  readonly crashes: number;
  readonly interruptions: number;
}): boolean {
  return crashes > 0 || interruptions > IN_COMPANY;
}

/** How long to wait before the next run, in milliseconds: a task that takes its worker down while it runs alone must leave
 * the others time to get on. */
export function pauseAfter(interruptions: number): number {
  const whileAlone = interruptions - IN_COMPANY - 1;
  if (whileAlone <= 0) return 0;
  return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(whileAlone - 1, MAX_DOUBLINGS));
}
