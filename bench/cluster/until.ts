import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

/** Resolves when it holds; rejects when it does not within a minute. */
export async function until(holds: () => Promise<boolean>, everyMs = 50): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS} ms in vain`);
    await pause(everyMs);
  }
}
