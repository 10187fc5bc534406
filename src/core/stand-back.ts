import { readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of `/proc/PID/stat`, behind the name of the program, which may hold anything. */
const SESSION_FIELD = 3;
/** Linux lets whoever is not root change a group every 100 ms, all over the machine. */
const AGAIN_AFTER_MS = 100;
const TRIES = 50;

/**
 * Has a process stand back for others by `niceness`, as `nice` has it, unless it does by more. Where Linux divides the cores
 * among sessions, as it does by default, niceness counts only within one: so what leads a session stands back with the
 * whole of it.
 * Resolves when that is so, or can not be: some sandboxes forbid it, and other systems have no such groups.
 * @see https://man7.org/linux/man-pages/man7/sched.7.html "The autogroup feature"
 */
export async function standBack(pid: number, niceness: number): Promise<void> {
  try {
    const reached = Math.max(getPriority(pid), niceness);
    setPriority(pid, reached);
    if (leadsSession(pid)) await lowerGroup(pid, reached);
  } catch {
    // It is forbidden, or the process has ended, which shows elsewhere.
  }
}

function leadsSession(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[SESSION_FIELD]) === pid;
}

async function lowerGroup(pid: number, niceness: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || tries === TRIES) throw error;
    }
    await sleep(AGAIN_AFTER_MS, undefined, { ref: false });
  }
}
