import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds on a core, by thread id. Linux only. @see https://docs.kernel.org/scheduler/sched-stats.html */
export type ThreadTimes = ReadonlyMap<number, number>;

export function threadTimes(pid: number): ThreadTimes {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  return new Map(threads.map((thread) => [thread, runTime(pid, thread)]));
}

/** Microseconds used between two readings: by the main thread, by the busiest other one, and by all. */
export function spent(
  pid: number,
  before: ThreadTimes,
  after: ThreadTimes,
): { main: number; busiest: number; all: number } {
  const used = [...after].map(([thread, time]) => ({
    thread,
    us: (time - (before.get(thread) ?? 0)) / 1000,
  }));
  const others = used.filter(({ thread }) => thread !== pid).map(({ us }) => us);
  const main = used.find(({ thread }) => thread === pid)?.us ?? 0;
  return { main, busiest: Math.max(0, ...others), all: used.reduce((sum, { us }) => sum + us, 0) };
}

function runTime(pid: number, thread: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    // The thread has ended since it was listed.
    return 0;
  }
}
