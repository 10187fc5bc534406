import { readdirSync, readFileSync } from 'node:fs';

// Linux only. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html

/** Of the times in `/proc`; the same on every Linux. */
const TICK_US = 10_000;
/** Fields after the name of the program: the times of the process itself, then of its children that have ended. */
const TIMES = { from: 11, to: 15 };

/** Keeps a process and all below it from running. Parents first, so that none has another child meanwhile. */
export function freeze(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  for (const child of childrenOf(pid)) freeze(child);
}

/** Lets them go on. */
export function thaw(pid: number): void {
  for (const child of childrenOf(pid)) thaw(child);
  process.kill(pid, 'SIGCONT');
}

/** Microseconds that the processes and all below them have been on a core. */
export function cpuUs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ownCpuUs(pid) + cpuUs(childrenOf(pid)), 0);
}

function ownCpuUs(pid: number): number {
  const stat = readProc(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(TIMES.from, TIMES.to).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_US;
}

/** Each thread has a list of the children that it began. One that is just ending can be in it as 0, which is no process. */
function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    readProc(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .map(Number)
      .filter((child) => child > 0),
  );
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Empty where the process has ended. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
