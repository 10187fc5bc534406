import { setTimeout as sleep } from 'node:timers/promises';
import { task } from 'sluice';

// What the cluster runs while it is broken.

export const echo = task('echo', { input: {}, run: (value) => value });

/** Takes the milliseconds that it is given, and tells when it began. */
export const slow = task('slow', {
  input: { type: 'number' },
  run: async (ms) => {
    const begunAt = Date.now();
    await sleep(ms as number);
    return { begunAt };
  },
});
