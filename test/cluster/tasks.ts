import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { task } from 'sluice';

/** Anything. */
const input = {};

export const echo = task('echo', { input, run: (value) => value });

interface Lasting {
  /** It ends when this file is there. */
  readonly gate: string;
  /** Gets a line when it begins, and one when it ends. */
  readonly trace: string;
}

export const lasting = task('lasting', {
  input,
  run: async (given) => {
    const { gate, trace } = given as Lasting;
    appendFileSync(trace, 'begun\n');
    while (!existsSync(gate)) await sleep(10);
    appendFileSync(trace, 'ended\n');
  },
});
